//! Users and the hashes of their passwords.

use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use subtle::ConstantTimeEq;
use tidewatch_config::values::Secret;

/// Checking a password against a hash of a higher cost takes seconds.
const MAX_COST: u32 = 16;

/// How many credentials are remembered with what became of them.
const MAX_REMEMBERED: usize = 1024;

/// Users and the hashes of their passwords.
///
/// bcrypt is slow on purpose. So that not every request pays for it, credentials that were checked are
/// remembered, by a salted hash; wrong ones too, since a misconfigured client sends the same all day.
pub(super) struct Htpasswd {
    users: HashMap<String, Password>,
    salt: [u8; 32],
    remembered: Mutex<HashMap<[u8; 32], bool>>,
}

#[derive(Clone)]
enum Password {
    Bcrypt(String),
    Plain(Secret),
}

impl Htpasswd {
    /// Reads lines of `user:hash` or `user:password`. Empty lines and those that start with `#` are skipped.
    ///
    /// # Errors
    /// The first line that is wrong, without what it says.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut users = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (user, password) =
                parse_line(line).map_err(|error| format!("line {}: {error}", index + 1))?;
            users.insert(user, password);
        }
        Ok(Self::of(users))
    }

    fn of(users: HashMap<String, Password>) -> Self {
        Self { users, salt: rand::random(), remembered: Mutex::default() }
    }

    /// These users and the others; where both know one, the others' password counts.
    pub(super) fn and(&self, others: &Self) -> Self {
        let mut users = self.users.clone();
        users.extend(others.users.clone());
        Self::of(users)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Whether this is the user's password.
    pub(super) fn verify(&self, user: &str, password: &str) -> bool {
        match self.users.get(user) {
            None => false,
            Some(Password::Plain(right)) => right.expose().as_bytes().ct_eq(password.as_bytes()).into(),
            Some(Password::Bcrypt(hash)) => {
                let key = self.key(user, password);
                if let Some(known) = self.remembered().get(&key) {
                    return *known;
                }
                let right = bcrypt::verify(password, hash).unwrap_or(false);
                let mut remembered = self.remembered();
                if remembered.len() >= MAX_REMEMBERED {
                    remembered.clear();
                }
                remembered.insert(key, right);
                right
            }
        }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], bool>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, user: &str, password: &str) -> [u8; 32] {
        // User names have no colon.
        let mut hash = Sha256::new_with_prefix(self.salt);
        hash.update(user);
        hash.update(":");
        hash.update(password);
        hash.finalize().into()
    }
}

fn parse_line(line: &str) -> Result<(String, Password), String> {
    let (user, password) = line.split_once(':').ok_or("there is no colon between user and password")?;
    if user.is_empty() || password.is_empty() {
        return Err("the user or the password is empty".to_owned());
    }
    let weak = |what: &str| Err(format!("{what} can be broken quickly; use bcrypt, as `htpasswd -B` does"));
    let password = match password {
        _ if ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|prefix| password.starts_with(prefix)) => {
            let parts: bcrypt::HashParts = password.parse().map_err(|_| "this is no bcrypt hash")?;
            if parts.get_cost() > MAX_COST {
                return Err(format!("the cost of this hash is higher than {MAX_COST}: it takes too long"));
            }
            Password::Bcrypt(password.to_owned())
        }
        _ if password.starts_with("$apr1$") || password.starts_with("$1$") => return weak("an MD5 hash"),
        _ if password.starts_with("{SHA}") || password.starts_with("{SSHA}") => return weak("a SHA-1 hash"),
        _ if password.starts_with("$5$") || password.starts_with("$6$") => {
            return Err("SHA-crypt hashes are not supported; use bcrypt, as `htpasswd -B` does".to_owned());
        }
        plain => Password::Plain(plain.into()),
    };
    Ok((user.to_owned(), password))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Htpasswd::parse(text).err().expect("an error")
    }

    #[test]
    fn bcrypt_and_plain_passwords_are_checked() {
        let hash = bcrypt::hash("correct horse", 4).expect("a hash");
        let users = Htpasswd::parse(&format!("# people\nann:{hash}\n\nbob:pa:ss\n")).expect("users");
        // Twice: the second answer is remembered.
        for _ in 0..2 {
            assert!(users.verify("ann", "correct horse"));
            assert!(!users.verify("ann", "wrong"));
            assert!(!users.verify("ann", &hash));
        }
        assert!(users.verify("bob", "pa:ss"));
        assert!(!users.verify("bob", "pa"));
        assert!(!users.verify("eve", ""));
    }

    #[test]
    fn others_win() {
        let file = Htpasswd::parse("ann:old\nbob:b").expect("users");
        let users = file.and(&Htpasswd::parse("ann:new").expect("users"));
        assert!(users.verify("ann", "new") && !users.verify("ann", "old") && users.verify("bob", "b"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let users =
            Htpasswd::parse(&format!("ann:{}", bcrypt::hash("a", 4).expect("a hash"))).expect("users");
        users.remembered().extend((0..MAX_REMEMBERED).map(|n| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            (key, false)
        }));
        assert!(users.verify("ann", "a"));
        assert_eq!(users.remembered().len(), 1);
    }

    #[test]
    fn wrong_lines_are_named_without_what_they_say() {
        assert_eq!(error("a:b\nsecret"), "line 2: there is no colon between user and password");
        assert_eq!(error(":b"), "line 1: the user or the password is empty");
        assert!(error("a:$apr1$x$y").starts_with("line 1: an MD5 hash can be broken"));
        assert!(error("a:{SHA}xxx").starts_with("line 1: a SHA-1 hash can be broken"));
        assert!(error("a:$6$x$y").contains("SHA-crypt"));
        assert_eq!(error("a:$2y$nonsense"), "line 1: this is no bcrypt hash");
        let slow = format!("a:{}", bcrypt::hash("a", 4).expect("a hash").replace("$04$", "$31$"));
        assert!(error(&slow).contains("higher than 16"), "{}", error(&slow));
    }
}
