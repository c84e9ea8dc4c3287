//! What this machine has. The only file that knows how to ask it.

use jiff::Timestamp;
use sysinfo::{CpuRefreshKind, Disks, MemoryRefreshKind, RefreshKind, System};

use super::report::{Disk, Report};

/// Why the machine could not be looked at.
pub use sysinfo::Error;

/// Looks at the machine's processors, memory and disks.
pub fn sample(node: String, pool: Option<String>, at: Timestamp) -> Result<Report, Error> {
    let kinds =
        RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()).with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kinds)?;
    let processors = system.cpus();
    Ok(Report {
        node,
        pool,
        at,
        logical_processors: u64::try_from(processors.len()).unwrap_or_default(),
        processor_model: processors.first().map(|one| one.brand().trim().to_owned()).unwrap_or_default(),
        memory_bytes: system.total_memory(),
        memory_available_bytes: system.available_memory(),
        load_millis: thousandths(System::load_average()?.one),
        disks: disks()?,
    })
}

/// A load is a small positive number; anything else isn't one.
fn thousandths(load: f64) -> u64 {
    let millis = (load * 1_000.0).round();
    if millis.is_finite() && (0.0..1e12).contains(&millis) {
        // In range by the line above.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
        let whole = millis as u64;
        return whole;
    }
    0
}

/// Disks by device: one device may be mounted at many places and is counted once.
fn disks() -> Result<Vec<Disk>, Error> {
    let mut seen = std::collections::BTreeMap::new();
    for disk in Disks::new_with_refreshed_list()?.iter() {
        let name = disk.name().to_string_lossy().into_owned();
        let (mount, total_bytes) = (disk.mount_point().to_string_lossy().into_owned(), disk.total_space());
        if total_bytes > 0 {
            let available_bytes = disk.available_space();
            seen.entry(name.clone()).or_insert(Disk { name, mount, total_bytes, available_bytes });
        }
    }
    Ok(seen.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_processors_and_memory() {
        let report = sample("here".into(), None, Timestamp::UNIX_EPOCH).unwrap();
        assert!(report.logical_processors >= 1);
        assert!(report.memory_bytes >= report.memory_available_bytes);
        assert!(report.memory_bytes > 100_000_000);
    }

    #[test]
    fn a_load_that_is_no_load_is_zero() {
        assert_eq!([1.25, -1.0, f64::NAN, 1e300].map(thousandths), [1_250, 0, 0, 0]);
    }
}
