//! What a crash leaves.

use crashdisk::{Disk, Loss};
use redb::StorageBackend;

/// A disk on which `old` was synced and `new` was not.
fn with_one_volatile_write() -> Disk {
    let disk = Disk::new();
    let handle = disk.handle();
    handle.set_len(4096).unwrap();
    handle.write(0, &[1; 1024]).unwrap();
    handle.sync_data().unwrap();
    handle.write(0, &[2; 1024]).unwrap();
    disk
}

fn start_of(disk: &Disk) -> [u8; 1024] {
    let mut start = [0; 1024];
    disk.handle().read(0, &mut start).unwrap();
    start
}

#[test]
fn what_was_synced_survives_every_crash() {
    let disk = with_one_volatile_write();
    for loss in Loss::ALL {
        let synced = disk.crash(3, loss);
        assert_eq!(start_of(&synced), [1; 1024], "{loss:?}");
        assert_eq!(synced.len_bytes(), 4096);
    }
}

#[test]
fn what_was_not_synced_is_lost_kept_or_torn() {
    let disk = with_one_volatile_write();
    assert_eq!(
        start_of(&disk),
        [2; 1024],
        "A running program reads what it wrote."
    );
    assert_eq!(start_of(&disk.crash(4, Loss::Lost)), [1; 1024]);
    assert_eq!(start_of(&disk.crash(4, Loss::Kept)), [2; 1024]);
    let torn = start_of(&disk.crash(4, Loss::Torn));
    assert_eq!((torn[0], torn[511], torn[512]), (2, 2, 1));
}

#[test]
fn a_crash_before_the_sync_can_lose_the_length_too() {
    let disk = with_one_volatile_write();
    assert_eq!(disk.crash(2, Loss::Lost).len_bytes(), 0);
    assert_eq!(disk.crash(2, Loss::Kept).len_bytes(), 4096);
}

#[test]
fn mixed_losses_differ_by_seed_and_by_nothing_else() {
    let disk = Disk::new();
    let handle = disk.handle();
    handle.set_len(64 * 1024).unwrap();
    handle.sync_data().unwrap();
    for page in 0..64_u8 {
        handle
            .write(u64::from(page) * 1024, &[page + 1; 1024])
            .unwrap();
    }
    let after = |seed| disk.crash(disk.position(), Loss::Mixed { seed }).image();
    assert_eq!(after(1), after(1));
    assert_ne!(after(1), after(2));
    let gone = |image: &[u8]| (0..64).filter(|page| image[page * 1024] == 0).count();
    let gone = gone(&after(1));
    assert!((8..56).contains(&gone), "{gone} of 64 pages are gone");
}

#[test]
fn a_later_sync_does_not_make_good_a_failed_one() {
    let disk = with_one_volatile_write();
    let handle = disk.handle();
    disk.fail_syncs(1);
    assert!(handle.sync_data().is_err());
    handle.write(2048, &[3; 1024]).unwrap();
    assert!(handle.sync_data().is_ok());
    let lost = disk.crash(disk.position(), Loss::Lost);
    assert_eq!(
        start_of(&lost),
        [1; 1024],
        "The failed sync's write is not durable."
    );
    let mut later = [0; 1024];
    lost.handle().read(2048, &mut later).unwrap();
    assert_eq!(later, [3; 1024], "What was written after it is.");
    assert_eq!(
        start_of(&disk.crash(disk.position(), Loss::Kept)),
        [2; 1024]
    );
}

#[test]
fn a_full_disk_takes_no_more_and_reads_beyond_the_end_fail() {
    let disk = Disk::new();
    let handle = disk.handle();
    disk.set_capacity_bytes(Some(1024));
    assert!(handle.set_len(1024).is_ok());
    assert!(handle.set_len(1025).is_err());
    assert!(handle.write(512, &[1; 513]).is_err());
    assert!(handle.read(1000, &mut [0; 25]).is_err());
    disk.set_capacity_bytes(None);
    assert!(handle.set_len(1025).is_ok());
}

#[test]
fn when_the_power_fails_it_fails_for_all_files_of_a_machine() {
    let first = Disk::new();
    let second = first.beside();
    first.handle().write(0, b"a").unwrap();
    first.handle().sync_data().unwrap();
    second.handle().write(0, b"b").unwrap();
    let before = first.moment();
    second.handle().sync_data().unwrap();
    first.handle().write(1, b"c").unwrap();
    assert_eq!((before, second.moment()), (3, 5));
    let images = |disks: [Disk; 2]| disks.map(|disk| disk.image());
    let crash = |at, loss| images(Disk::crash_all([&first, &second], at, loss));
    assert_eq!(crash(before, Loss::Lost), [b"a".to_vec(), Vec::new()]);
    assert_eq!(crash(before, Loss::Kept), [b"a".to_vec(), b"b".to_vec()]);
    assert_eq!(crash(5, Loss::Lost), [b"a".to_vec(), b"b".to_vec()]);
}

#[test]
fn what_a_killed_process_had_not_synced_can_still_be_lost() {
    let disk = Disk::new();
    disk.handle().write(0, b"a").unwrap();
    let [found] = Disk::kill_all([&disk], disk.moment());
    assert_eq!(found.image(), b"a");
    assert_eq!(found.crash(found.position(), Loss::Lost).image(), b"");
    found.handle().sync_data().unwrap();
    assert_eq!(found.crash(found.position(), Loss::Lost).image(), b"a");
}
