//! The database users.

use mongodb::Database;
use mongodb::bson::{Document, doc};
use secrecy::{ExposeSecret, SecretString};

use super::super::connection::DATABASE;
use super::super::error::UNAUTHORIZED;
use super::{AttemptError, ROOT, code, root_error};

const USER_EXISTS: i32 = 51_003;

/// Creates the first user, through the localhost exception.
pub(super) async fn create_root(
    stranger: &Database,
    password: &SecretString,
) -> Result<(), AttemptError> {
    let create = user(
        "createUser",
        ROOT,
        password,
        doc! { "role": "root", "db": "admin" },
    );
    match stranger.run_command(create).await {
        Err(error) if !matches!(code(&error), Some(UNAUTHORIZED | USER_EXISTS)) => {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

pub(super) async fn grant(
    movies: &Database,
    name: &str,
    password: &SecretString,
    role: &str,
) -> Result<(), AttemptError> {
    let command = |command| {
        user(
            command,
            name,
            password,
            doc! { "role": role, "db": DATABASE },
        )
    };
    let mut outcome = movies.run_command(command("createUser")).await;
    if let Err(error) = &outcome
        && code(error) == Some(USER_EXISTS)
    {
        outcome = movies.run_command(command("updateUser")).await;
    }
    outcome.map(drop).map_err(root_error)
}

fn user(command: &str, name: &str, password: &SecretString, role: Document) -> Document {
    doc! {
        command: name,
        "pwd": password.expose_secret(),
        "roles": [role],
        "writeConcern": { "w": "majority" },
    }
}
