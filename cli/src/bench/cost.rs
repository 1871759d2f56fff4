//! What this process has cost so far. Read from Linux's `/proc`; elsewhere it is not known.

use std::fs;

/// Memory and processor time of one process. Absent where the platform does not tell.
#[derive(Debug)]
pub struct Cost {
    /// The most memory it ever held at once, in MiB (`VmHWM`).
    pub peak_mb: Option<f64>,
    /// Processor time in its own code and in the kernel, in seconds.
    pub cpu_seconds: Option<f64>,
}

/// The cost of the calling process, its children left out.
pub fn of_this_process() -> Cost {
    let read = |file: &str| fs::read_to_string(file).ok();
    Cost {
        peak_mb: read("/proc/self/status").and_then(|status| peak_mb(&status)),
        cpu_seconds: read("/proc/self/stat").and_then(|stat| cpu_seconds(&stat)),
    }
}

/// From the line `VmHWM: 24312 kB`, whatever its blanks.
fn peak_mb(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Fields 14 and 15, in ticks of 10 ms on every Linux. The second field may hold blanks and ends in a bracket.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_mebibytes() {
        let status = "Name:\tbridge\nVmPeak:\t  90000 kB\nVmHWM:\t   24576 kB\nVmRSS:\t 20000 kB\n";
        assert_eq!(peak_mb(status), Some(24.0));
        assert_eq!(peak_mb("Name:\tbridge\n"), None);
    }

    #[test]
    fn processor_time_is_found_behind_a_name_with_blanks() {
        let stat = "4711 (a (b) c) S 1 1 1 0 -1 4194304 900 0 0 0 150 25 0 0 20 0 3 0 100";
        assert_eq!(cpu_seconds(stat), Some(1.75));
    }
}
