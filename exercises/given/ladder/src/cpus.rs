//! Which CPUs the pairs run on, and pinning to them.

use std::sync::OnceLock;

pub use records::record::Placement;

/// The CPUs chosen for this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cpus {
    /// The system cannot pin a process.
    Unpinned,
    /// One CPU, and a second on another core if this process may use one.
    Pinned {
        /// Where everything on one CPU runs.
        one: usize,
        /// Where the other side runs when there are two.
        other: Option<usize>,
    },
}

impl Cpus {
    /// Chooses among the CPUs that this process may use.
    pub fn here() -> Self {
        allowed().map_or(Self::Unpinned, |allowed| choose(&allowed, core_of))
    }

    /// The placements to measure for a rung that crosses a boundary.
    pub fn placements(self) -> &'static [Placement] {
        match self {
            Self::Unpinned => &[Placement::Unpinned],
            Self::Pinned { .. } => &[Placement::OneCpu, Placement::TwoCpus],
        }
    }

    /// The placement that the figures within one process are compared with.
    pub const fn home(self) -> Placement {
        match self {
            Self::Unpinned => Placement::Unpinned,
            Self::Pinned { .. } => Placement::OneCpu,
        }
    }

    /// The same as [`home`](Self::home), read from placements that were measured.
    pub fn home_of(mut placements: impl Iterator<Item = Placement>) -> Placement {
        if placements.any(|placement| placement == Placement::Unpinned) {
            Placement::Unpinned
        } else {
            Placement::OneCpu
        }
    }

    /// The CPUs of a client and of its server.
    ///
    /// # Errors
    /// Says why this machine does not have the placement.
    pub fn seats(self, placement: Placement) -> Result<(Option<usize>, Option<usize>), String> {
        match (self, placement) {
            (Self::Unpinned, _) => Ok((None, None)),
            (Self::Pinned { one, other }, Placement::TwoCpus) => match other {
                Some(other) => Ok((Some(one), Some(other))),
                None => Err("this process may use only one CPU".to_owned()),
            },
            (Self::Pinned { one, .. }, _) => Ok((Some(one), Some(one))),
        }
    }
}

/// Pins the calling thread, and the threads that it starts from now on, to one CPU.
///
/// # Errors
/// Says why the system refused.
pub fn pin(cpu: usize) -> Result<(), String> {
    // What it may use has to be known before: a pinned thread may use one.
    BEFORE.get_or_init(|| allowed().unwrap_or_default());
    system::pin(&[cpu]).map_err(|error| format!("cannot pin to CPU {cpu}: {error}"))
}

/// Gives the calling thread, and the threads that it starts from now on, back every CPU that it could
/// use before [`pin`]: for work that is meant to run on all of them at once.
///
/// # Errors
/// Says why the system refused.
pub fn unpin() -> Result<(), String> {
    match BEFORE.get() {
        Some(cpus) if !cpus.is_empty() => {
            system::pin(cpus).map_err(|error| format!("cannot use the CPUs {cpus:?}: {error}"))
        }
        _ => Ok(()),
    }
}

/// What this process could use before it was pinned for the first time.
static BEFORE: OnceLock<Vec<usize>> = OnceLock::new();

/// Chooses two CPUs on different cores where there are such.
///
/// Two hardware threads of one core share its caches and its execution units: that would be a
/// third placement. The first core is left to the interrupts that it usually serves, if there are
/// enough others.
fn choose(allowed: &[usize], core_of: impl Fn(usize) -> usize) -> Cpus {
    let mut cores: Vec<(usize, usize)> = Vec::new();
    for &cpu in allowed {
        let core = core_of(cpu);
        if cores.iter().all(|&(known, _)| known != core) {
            cores.push((core, cpu));
        }
    }
    let first = usize::from(cores.len() > 2);
    match (cores.get(first), cores.get(first + 1)) {
        (Some(&(_, one)), Some(&(_, other))) => Cpus::Pinned {
            one,
            other: Some(other),
        },
        (Some(&(_, one)), None) => Cpus::Pinned {
            one,
            other: allowed.iter().copied().find(|&cpu| cpu != one),
        },
        (None, _) => Cpus::Unpinned,
    }
}

/// Names a CPU's core by its first hardware thread; a CPU that nothing is known of is its own.
fn core_of(cpu: usize) -> usize {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    std::fs::read_to_string(path)
        .ok()
        .and_then(|list| first_of(&list))
        .unwrap_or(cpu)
}

/// The first CPU of a list as Linux writes it: `0,4` or `0-1`.
fn first_of(list: &str) -> Option<usize> {
    list.trim().split([',', '-']).next()?.parse().ok()
}

fn allowed() -> Option<Vec<usize>> {
    system::allowed().filter(|cpus| !cpus.is_empty())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::unistd::Pid;

    /// The affinity mask, which a container or a batch system may have narrowed.
    pub fn allowed() -> Option<Vec<usize>> {
        let set = sched_getaffinity(Pid::from_raw(0)).ok()?;
        Some(
            (0..CpuSet::count())
                .filter(|&cpu| set.is_set(cpu).unwrap_or(false))
                .collect(),
        )
    }

    pub fn pin(cpus: &[usize]) -> nix::Result<()> {
        let mut set = CpuSet::new();
        for &cpu in cpus {
            set.set(cpu)?;
        }
        sched_setaffinity(Pid::from_raw(0), &set)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    pub fn allowed() -> Option<Vec<usize>> {
        None
    }

    pub fn pin(_cpus: &[usize]) -> Result<(), &'static str> {
        Err("this system has no way to pin a thread that the ladder knows of")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(one: usize, other: Option<usize>) -> Cpus {
        Cpus::Pinned { one, other }
    }

    #[test]
    fn two_cpus_are_two_cores_where_there_are_such() {
        // Eight CPUs, of which n and n + 4 share a core.
        let core = |cpu: usize| cpu % 4;
        assert_eq!(choose(&[0, 1, 2, 3, 4, 5, 6, 7], core), pinned(1, Some(2)));
        // Neighbours share a core, and there are two of them.
        assert_eq!(choose(&[0, 1, 2, 3], |cpu| cpu / 2), pinned(0, Some(2)));
    }

    #[test]
    fn the_mask_that_this_process_was_given_is_respected() {
        assert_eq!(choose(&[5, 7], |cpu| cpu), pinned(5, Some(7)));
        assert_eq!(choose(&[3], |cpu| cpu), pinned(3, None));
        assert_eq!(choose(&[2, 3], |_| 2), pinned(2, Some(3)));
        assert_eq!(choose(&[], |cpu| cpu), Cpus::Unpinned);
    }

    #[test]
    fn one_cpu_has_no_second_placement_and_says_why() {
        let cpus = pinned(3, None);
        assert_eq!(cpus.seats(Placement::OneCpu), Ok((Some(3), Some(3))));
        assert!(cpus.seats(Placement::TwoCpus).is_err());
        assert_eq!(Cpus::Unpinned.placements(), [Placement::Unpinned]);
    }

    #[test]
    fn a_thread_that_was_pinned_gets_its_cpus_back() {
        // Affinity belongs to a thread, so this one's ends with it.
        let check = || {
            let Some(before) = allowed() else { return };
            pin(before[0]).unwrap();
            assert_eq!(allowed(), Some(vec![before[0]]));
            unpin().unwrap();
            assert_eq!(allowed(), Some(before));
        };
        std::thread::spawn(check).join().unwrap();
    }

    #[test]
    fn lists_of_siblings_are_read() {
        assert_eq!(first_of("0,4\n"), Some(0));
        assert_eq!(first_of("2-3\n"), Some(2));
        assert_eq!(first_of(""), None);
    }
}
