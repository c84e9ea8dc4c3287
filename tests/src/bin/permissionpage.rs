//! Writes `docs/permissions.md`: `cargo run -p tests --bin permissionpage docs/permissions.md`.
#![forbid(unsafe_code)]

fn main() -> std::io::Result<()> {
    match std::env::args_os().nth(1) {
        Some(path) => std::fs::write(path, tests::permissions::page()),
        None => {
            print!("{}", tests::permissions::page());
            Ok(())
        }
    }
}
