use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::options::ConnectionString;

/// The code of a duplicate `_id`.
pub(super) const DUPLICATE: i32 = 11_000;

/// The code of a command without the right to use it.
pub(super) const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
const OUT_OF_DISK_SPACE: i32 = 14_031;

/// An error of the driver in one line, with a remedy if there is one.
pub(super) fn explain(error: &Error) -> String {
    if is_refused(error) {
        return "MongoDB rejected the user or password in PYFLIX_DATABASE_URL: check both, and that \
                the user was created in the database named in the URL (otherwise add \
                ?authSource=admin)"
            .into();
    }
    let text = match &*error.kind {
        ErrorKind::Command(command) if command.code == UNAUTHORIZED => {
            // The server appends the whole command.
            let (problem, _) = command
                .message
                .split_once(" {")
                .unwrap_or((&command.message, ""));
            format!(
                "{problem}: the user in PYFLIX_DATABASE_URL needs the role read (web app) or \
                 readWrite (syncer)"
            )
        }
        ErrorKind::Command(command) if command.code == OUT_OF_DISK_SPACE => {
            format!(
                "{}; the disk of MongoDB is full: free some space",
                command.message
            )
        }
        ErrorKind::Command(command) => format!("{} ({})", command.message, command.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => {
            format!("{} ({})", error.message, error.code)
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => {
            format!("the write was not confirmed: {}", error.message)
        }
        ErrorKind::ServerSelection { message, .. } => format!(
            "no primary found{}: check that MongoDB is running there, and the replica set name",
            members(message)
        ),
        kind => kind.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the user or the password is wrong.
pub(super) fn is_refused(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Authentication { .. } => true,
        ErrorKind::Command(command) => command.code == AUTHENTICATION_FAILED,
        _ => false,
    }
}

/// Whether an insert met a duplicate `_id`.
pub(super) fn is_duplicate(error: &Error) -> bool {
    matches!(
        &*error.kind,
        ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == DUPLICATE
    )
}

/// The problem of an invalid URL, without any part of its password: the driver quotes the invalid
/// part, and an unescaped `/` or `?` ends a password early.
pub(super) fn problem_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let Some((_, hosts)) = rest.rsplit_once('@') else {
        return parse_error(url).unwrap_or_default();
    };
    parse_error(&format!("{scheme}://user:password@{hosts}")).unwrap_or_else(|| {
        "the user name is missing, or the user name or password is not percent-encoded: \
         write % as %25, / as %2F, : as %3A, ? as %3F, @ as %40"
            .into()
    })
}

fn parse_error(url: &str) -> Option<String> {
    let error = ConnectionString::parse(url).err()?;
    Some(match *error.kind {
        ErrorKind::InvalidArgument { message, .. } => message,
        kind => kind.to_string(),
    })
}

/// The servers in the driver's message, with their errors.
fn members(message: &str) -> String {
    let member = |text: &str| {
        let address = text.split(',').next().unwrap_or_default().to_owned();
        let reason = text.split("I/O error: ").nth(1)?;
        Some(format!("{address}: {}", reason.split(", labels").next()?))
    };
    let members: Vec<String> = message
        .split("Address: ")
        .skip(1)
        .filter_map(member)
        .collect();
    if members.is_empty() {
        return String::new();
    }
    format!(" ({})", members.join("; "))
}
