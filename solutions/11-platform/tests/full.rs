//! A disk that is full: commands fail clearly, nothing acknowledged is lost, and it recovers by itself.

use crashdisk::Disk;
use ours::Ours;
use platform::browser::End;
use platform::scenario::in_virtual_time;
use platform::stage::{Ground, Stage};
use std::time::Duration;

#[test]
fn a_full_disk_refuses_clearly_and_heals_once_there_is_room() {
    in_virtual_time(async {
        let disk = Disk::new();
        let ours = Ours {
            disk: Some(disk.clone()),
        };
        let stage = Stage::set(&ours, &Ground::Memory, 5).expect("the parts start");
        stage.connect_in_process();
        let looking = tokio::spawn(stage.clone().keep_looking());
        let browser = stage.browser();
        let mut done = 0;
        for number in 0..20 {
            let visit = browser.complete(1 + number, 1, &stage.fresh_key()).await;
            done += u64::from(visit.end == End::Done);
        }
        assert_eq!(done, 20, "there is room");
        disk.set_capacity_bytes(Some(disk.len_bytes() as u64));
        let mut failed = 0;
        for number in 0..200 {
            let visit = browser.complete(100 + number, 1, &stage.fresh_key()).await;
            failed += u64::from(matches!(visit.end, End::Failed | End::Unknown));
        }
        assert!(failed > 0, "the disk was never full");
        disk.set_capacity_bytes(None);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let visit = browser.complete(1, 1, &stage.fresh_key()).await;
        assert_eq!(visit.end, End::Done, "it has healed");
        looking.abort();
        stage.look().await;
        let board = stage.observer().board();
        for row in board.rows {
            assert_eq!(
                row.standing.broken, 0,
                "{}: {:#?}",
                row.id, row.standing.steps
            );
        }
    });
}
