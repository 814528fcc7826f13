//! Rounds of baseline and candidates in turn, and what each has cost.

use std::time::Instant;

use cpu_time::ProcessTime;

use crate::ALLOCATOR;
use crate::stats::median;

/// What one operation cost, round by round.
#[derive(Default)]
pub(crate) struct Cost {
    /// CPU of the whole process, in nanoseconds.
    pub(crate) cpu: Vec<f64>,
    /// Time on the wall, in nanoseconds.
    pub(crate) wall: Vec<f64>,
    /// Allocations and reallocations.
    pub(crate) allocations: Vec<f64>,
}

impl Cost {
    /// Adds a round of `ops` operations.
    pub(crate) fn round(&mut self, ops: usize, work: impl FnOnce(usize)) {
        let (counted, wall, cpu) = (allocations(), Instant::now(), ProcessTime::now());
        work(ops);
        let (cpu, wall) = (cpu.elapsed(), wall.elapsed());
        let share = |whole: f64| whole / ops as f64;
        self.allocations.push(share((allocations() - counted) as f64));
        self.cpu.push(share(cpu.as_nanos() as f64));
        self.wall.push(share(wall.as_nanos() as f64));
    }

    /// Adds the rounds of another one.
    pub(crate) fn extend(&mut self, other: Self) {
        self.cpu.extend(other.cpu);
        self.wall.extend(other.wall);
        self.allocations.extend(other.allocations);
    }

    pub(crate) fn median_cpu(&self) -> f64 {
        median(&self.cpu)
    }

    pub(crate) fn median_wall(&self) -> f64 {
        median(&self.wall)
    }

    pub(crate) fn median_allocations(&self) -> f64 {
        median(&self.allocations)
    }
}

/// Bytes that the process has allocated and not freed, as it asked for them.
pub(crate) fn live_bytes() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Allocations and reallocations of the process so far.
pub(crate) fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// The median of what `by` makes of each round of both.
pub(crate) fn paired(candidate: &[f64], baseline: &[f64], by: impl Fn(f64, f64) -> f64) -> f64 {
    let values: Vec<f64> =
        candidate.iter().zip(baseline).map(|(candidate, baseline)| by(*candidate, *baseline)).collect();
    median(&values)
}
