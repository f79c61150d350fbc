//! `rims completions`, `rims man`: made from the same definitions as `--help`.

use clap::CommandFactory as _;

use crate::args::{self, Args};
use crate::output::{Failure, print};

pub(crate) fn completions(arguments: &args::Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Args::command(), "rims", &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(crate) fn man(arguments: &args::Man) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Args::command(), folder).map_err(failed)?;
    print(&format!("{}\n", folder.join("rims.1").display()))
}
