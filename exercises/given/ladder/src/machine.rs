//! What the figures were measured on: enough to judge them by, and nothing that names its owner.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::record::{Build, Machine};

/// This machine.
pub fn here() -> Machine {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    Machine {
        cpu: cpu_model(&cpuinfo)
            .or_else(|| first_line_of("sysctl", &["-n", "machdep.cpu.brand_string"]))
            .map_or_else(|| std::env::consts::ARCH.to_owned(), |name| plain(&name)),
        logical_cpus: std::thread::available_parallelism().map_or(1, usize::from),
        os: os(),
        virtual_machine: is_virtual(&cpuinfo),
    }
}

/// This build. An unoptimised one is recognised by its debug assertions.
pub fn build() -> Build {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    Build {
        optimised: !cfg!(debug_assertions),
        rustc: first_line_of(&compiler, &["--version"])
            .and_then(|line| line.split(' ').nth(1).map(str::to_owned))
            .unwrap_or_else(|| "unknown".to_owned()),
    }
}

/// The type of the file system that holds `path`, where the system reports it.
pub fn file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    mounted(&fs::read_to_string("/proc/self/mounts").ok()?, &path)
}

/// Memory that looks like a disk: a sync costs nothing there and proves nothing.
pub fn is_memory(file_system: &str) -> bool {
    matches!(file_system, "tmpfs" | "ramfs")
}

fn mounted(mounts: &str, path: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            // A space in a mount point is written as an octal escape.
            let point = fields.next()?.replace("\\040", " ");
            let kind = fields.next()?;
            path.starts_with(&point).then_some((point.len(), kind))
        })
        // The longest mount point that holds the path; of two alike, the later covers the earlier.
        .max_by_key(|&(depth, _)| depth)
        .map(|(_, kind)| kind.to_owned())
}

fn cpu_model(cpuinfo: &str) -> Option<String> {
    field(cpuinfo, "model name").map(str::to_owned)
}

/// Without trade marks and clock rates: `AMD EPYC 7B13`, `Intel Core i7-1165G7`.
fn plain(name: &str) -> String {
    let name = name.replace("(R)", "").replace("(TM)", "");
    let name = name.split('@').next().unwrap_or_default();
    name.split_whitespace()
        .filter(|word| !matches!(*word, "CPU" | "Processor"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn os() -> String {
    let version = fs::read_to_string("/proc/sys/kernel/osrelease")
        .ok()
        .or_else(|| first_line_of("sw_vers", &["-productVersion"]));
    let name = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        other => other,
    };
    match version.as_deref().and_then(major_and_minor) {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    }
}

fn major_and_minor(version: &str) -> Option<String> {
    let mut parts = version.trim().split(['.', '-']);
    let major: u32 = parts.next()?.parse().ok()?;
    Some(
        match parts.next().and_then(|part| part.parse::<u32>().ok()) {
            Some(minor) => format!("{major}.{minor}"),
            None => major.to_string(),
        },
    )
}

/// Whether a hypervisor shows itself. A `false` may be one that hides.
fn is_virtual(cpuinfo: &str) -> bool {
    let by_flag = field(cpuinfo, "flags")
        .is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
    // ARM has no such flag; the firmware's product name identifies the usual ones.
    let by_firmware = fs::read_to_string("/sys/class/dmi/id/product_name").is_ok_and(|name| {
        ["Virtual", "KVM", "QEMU", "VMware", "HVM"]
            .iter()
            .any(|word| name.contains(word))
    });
    let by_sysctl =
        || first_line_of("sysctl", &["-n", "kern.hv_vmm_present"]).is_some_and(|line| line == "1");
    by_flag || by_firmware || (cfg!(target_os = "macos") && by_sysctl())
}

fn field<'a>(cpuinfo: &'a str, name: &str) -> Option<&'a str> {
    cpuinfo.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// What a program prints first; `None` when there is no such program or it fails.
fn first_line_of(program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    let line = text.lines().next()?.trim().to_owned();
    (out.status.success() && !line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPUINFO: &str = "processor\t: 0\n\
        model name\t: Intel(R) Core(TM) i7-1165G7 CPU @ 2.80GHz\n\
        flags\t\t: fpu vme hypervisor lahf_lm\n";

    #[test]
    fn the_processor_is_named_without_decoration() {
        let name = cpu_model(CPUINFO).map(|name| plain(&name));
        assert_eq!(name.as_deref(), Some("Intel Core i7-1165G7"));
        assert_eq!(cpu_model("BogoMIPS : 48.00\n"), None);
    }

    #[test]
    fn a_virtual_machine_shows_by_its_flag() {
        assert!(is_virtual(CPUINFO));
    }

    #[test]
    fn versions_are_cut_to_what_matters() {
        assert_eq!(
            major_and_minor("6.18.44-generic\n").as_deref(),
            Some("6.18")
        );
        assert_eq!(major_and_minor("15").as_deref(), Some("15"));
        assert_eq!(major_and_minor("unknown"), None);
    }

    #[test]
    fn the_deepest_mount_point_holds_the_file() {
        let mounts = "/dev/a / ext4 rw 0 0\nb /tmp tmpfs rw 0 0\nc /home/a\\040b xfs rw 0 0\n";
        let kind = |path: &str| mounted(mounts, Path::new(path)).unwrap();
        assert_eq!(kind("/work"), "ext4");
        assert_eq!(kind("/tmp/x"), "tmpfs");
        assert_eq!(kind("/tmpfiles"), "ext4");
        assert_eq!(kind("/home/a b/c"), "xfs");
        assert!(is_memory("tmpfs"));
    }
}
