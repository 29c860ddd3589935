//! Writes the shell completions and manual pages of the three programs, for `scripts/release`:
//!
//!     cargo run -p pyflix --example shell_files FOLDER

use std::path::Path;
use std::{env, fs, io};

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

#[path = "../src/cli.rs"]
mod cli;

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1) else {
        return Err(io::Error::other("name a folder"));
    };
    let folder = Path::new(&folder);
    for command in [
        cli::Cli::command(),
        syncer::cli::Cli::command(),
        webapp::cli::Cli::command(),
    ] {
        write(command, folder)?;
    }
    Ok(())
}

fn write(mut command: Command, folder: &Path) -> io::Result<()> {
    let (completions, manual) = (folder.join("completions"), folder.join("man/man1"));
    fs::create_dir_all(&completions)?;
    fs::create_dir_all(&manual)?;
    let name = command.get_name().to_owned();
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut command, &name, &completions)?;
    }
    clap_mangen::generate_to(command, &manual)
}
