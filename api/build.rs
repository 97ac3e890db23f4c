//! Rebuilds the crate when the web app that is embedded in it was built anew.

fn main() {
    println!("cargo::rerun-if-changed=../frontend/dist");
}
