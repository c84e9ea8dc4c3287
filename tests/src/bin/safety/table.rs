//! What is told on the way, and the result as a file.

use std::fs::File;
use std::io::Write;
use std::time::Instant;

use tests::program;

/// Lines that are shown and kept in target/bench/safety.txt.
pub struct Table {
    begun: Instant,
    file: File,
}

impl Table {
    /// # Panics
    /// When the file can't be written.
    pub fn begin() -> Self {
        let folder = program::root().join("target/bench");
        std::fs::create_dir_all(&folder).expect("target/bench can be made");
        let file = File::create(folder.join("safety.txt")).expect("target/bench/safety.txt can be written");
        Self { begun: Instant::now(), file }
    }

    /// What is going on; not kept.
    pub fn say(&self, what: &str) {
        eprintln!("[{:7.1} s] {what}", self.begun.elapsed().as_secs_f64());
    }

    /// A result.
    pub fn line(&mut self, line: &str) {
        println!("{line}");
        writeln!(self.file, "{line}").expect("target/bench/safety.txt can be written");
    }

    pub fn end(&mut self, is_sound: bool) {
        let verdict = if is_sound { "0 violations" } else { "FAILED: see the lines above" };
        let took = self.begun.elapsed().as_secs();
        self.line(&format!("{verdict}, {took} s in all"));
    }
}
