//! The dashboard's files are built into the binary: a new build of them is a new build of this.

fn main() {
    println!("cargo::rerun-if-changed=../dashboards/dist");
    println!("cargo::rerun-if-env-changed=YUNHENG_COMMIT");
}
