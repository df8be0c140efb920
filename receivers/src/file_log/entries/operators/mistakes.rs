use super::Field;
use tidewatch_config::Mistake;

/// Mistakes in the configuration of operators.
#[derive(Debug, Default)]
pub(in crate::file_log::entries) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    pub(in crate::file_log::entries) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::file_log::entries) fn push(&mut self, mistake: Mistake) {
        self.0.push(mistake);
    }

    /// A mistake at `path`, and what to do about it.
    pub(in crate::file_log::entries) fn add(&mut self, path: &str, problem: String, help: &str) {
        self.push(Mistake::new(path, problem).help(help));
    }

    /// The field that `text` names, if it names one and not a whole map.
    pub(in crate::file_log::entries) fn field(&mut self, path: &str, text: &str) -> Option<Field> {
        let field = self.field_or_map(path, text)?;
        if field.is_whole_map() {
            let help = format!("name one of them: `{field}.key`");
            self.push(Mistake::new(path, format!("`{field}` is all of them")).help(help));
            return None;
        }
        Some(field)
    }

    /// The field that `text` names.
    pub(in crate::file_log::entries) fn field_or_map(&mut self, path: &str, text: &str) -> Option<Field> {
        match Field::parse(text) {
            Ok(field) => Some(field),
            Err((problem, at)) => {
                let help = "fields look like `body.level`, `attributes[\"http.route\"]` or `resource.host`";
                self.push(Mistake::new(path, problem).at(at).help(help));
                None
            }
        }
    }

    pub(in crate::file_log::entries) fn into_vec(self) -> Vec<Mistake> {
        self.0
    }
}
