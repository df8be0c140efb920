//! What a function is called with, bound to its parameters.

use crate::{Context, error::Wrong, node::Node, path::Path};

/// A function's name and parameters. Those of which the name ends in `?` may be left out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [&'static str],
}

/// One argument as it is written.
#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) name: Option<String>,
    pub(crate) given: Given,
    /// Where it stands in the text.
    pub(crate) offset: usize,
}

#[derive(Debug)]
pub(crate) enum Given {
    Value(Node),
    /// The name of a converter, without a call.
    Function(String),
}

/// The arguments of one call, each with its parameter.
#[derive(Debug)]
pub(crate) struct Arguments {
    signature: Signature,
    /// Where the call stands in the text.
    offset: usize,
    /// What the statement is for.
    context: Context,
    slots: Vec<Option<Argument>>,
}

impl Signature {
    /// As it is shown: `Substring(target, start, length)`.
    pub(crate) fn show(&self) -> String {
        format!("{}({})", self.name, self.parameters.join(", "))
    }

    /// Binds arguments: first those without a name in order, then those with one.
    pub(crate) fn bind(
        self,
        given: Vec<Argument>,
        offset: usize,
        context: Context,
    ) -> Result<Arguments, Wrong> {
        let mut slots: Vec<Option<Argument>> = self.parameters.iter().map(|_| None).collect();
        let mut named = false;
        for (index, argument) in given.into_iter().enumerate() {
            let place = match &argument.name {
                None if named => {
                    let wrong =
                        Wrong::new(argument.offset, "an argument without a name after one with a name");
                    return Err(wrong.help(self.show()));
                }
                None => index,
                Some(name) => {
                    named = true;
                    self.place(name).ok_or_else(|| {
                        let message = format!("`{}` has no parameter `{name}`", self.name);
                        Wrong::new(argument.offset, message).help(self.show())
                    })?
                }
            };
            let Some(slot) = slots.get_mut(place) else {
                let message = format!("`{}` takes at most {} arguments", self.name, self.parameters.len());
                return Err(Wrong::new(argument.offset, message).help(self.show()));
            };
            if slot.is_some() {
                let message = format!("`{}` is given twice", self.parameters[place].trim_end_matches('?'));
                return Err(Wrong::new(argument.offset, message));
            }
            *slot = Some(argument);
        }
        let missing =
            self.parameters.iter().zip(&slots).find(|(name, slot)| !name.ends_with('?') && slot.is_none());
        if let Some((name, _)) = missing {
            return Err(Wrong::new(offset, format!("`{}` needs its `{name}`", self.name)).help(self.show()));
        }
        Ok(Arguments { signature: self, offset, context, slots })
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|known| is_name(known.trim_end_matches('?'), name))
    }
}

/// The Collector's documentation writes names as in `headerDelimiter`, too.
fn is_name(known: &str, name: &str) -> bool {
    known == name
        || (name.contains(|c: char| c.is_ascii_uppercase())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && known.chars().filter(|c| *c != '_').eq(name.chars().map(|c| c.to_ascii_lowercase())))
}

impl Arguments {
    /// Refuses the call in other contexts.
    pub(crate) fn only_in(&self, contexts: &[Context]) -> Result<(), Wrong> {
        if contexts.contains(&self.context) {
            return Ok(());
        }
        let name = self.signature.name;
        let message = format!("`{name}` is for a {}, not for a {}", contexts[0].name(), self.context.name());
        Err(Wrong::new(self.offset, message))
    }

    /// Where the call stands in the text.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// An expression, if it is given.
    pub(crate) fn optional(&mut self, name: &str) -> Result<Option<Node>, Wrong> {
        let Some(argument) = self.take(name) else { return Ok(None) };
        match argument.given {
            Given::Value(node) => Ok(Some(node)),
            Given::Function(function) => {
                let message = format!("`{name}` is a value, `{function}` is the name of a function");
                Err(Wrong::new(argument.offset, message).help(format!("call it: `{function}(...)`")))
            }
        }
    }

    /// An expression.
    pub(crate) fn value(&mut self, name: &str) -> Result<Node, Wrong> {
        // Required parameters are bound.
        Ok(self.optional(name)?.unwrap_or(Node::Nil))
    }

    /// All of them as expressions, in the order of the parameters; nil for those left out.
    pub(crate) fn values(&mut self) -> Result<Box<[Node]>, Wrong> {
        let names = self.signature.parameters;
        names.iter().map(|name| self.value(name.trim_end_matches('?'))).collect()
    }

    /// Something that can be set.
    pub(crate) fn path(&mut self, name: &str) -> Result<Path, Wrong> {
        let offset = self.offset_of(name);
        match self.value(name)? {
            Node::Path(path) if path.is_settable() => Ok(path),
            Node::Path(_) => Err(Wrong::new(offset, "this field can be read, not set")),
            _ => Err(Wrong::new(offset, format!("`{name}` of `{}` is a path", self.signature.name))),
        }
    }

    /// A text that is written out.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, Wrong> {
        let offset = self.offset_of(name);
        match self.value(name)? {
            Node::Text(text) => Ok(text),
            _ => Err(Wrong::new(offset, format!("`{name}` is a text in double quotes"))),
        }
    }

    /// A text that is written out, if it is given.
    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>, Wrong> {
        if self.is_given(name) { self.text(name).map(Some) } else { Ok(None) }
    }

    /// A number that is written out, if it is given.
    pub(crate) fn optional_integer(&mut self, name: &str) -> Result<Option<i64>, Wrong> {
        let offset = self.offset_of(name);
        match self.optional(name)? {
            None => Ok(None),
            Some(Node::Int(number)) => Ok(Some(number)),
            Some(_) => Err(Wrong::new(offset, format!("`{name}` is a whole number"))),
        }
    }

    /// `true` or `false` written out, if it is given.
    pub(crate) fn optional_flag(&mut self, name: &str) -> Result<Option<bool>, Wrong> {
        let offset = self.offset_of(name);
        match self.optional(name)? {
            None => Ok(None),
            Some(Node::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Wrong::new(offset, format!("`{name}` is `true` or `false`"))),
        }
    }

    /// The values of a list that is written out, if it is given.
    pub(crate) fn optional_list(&mut self, name: &str) -> Result<Option<Vec<Node>>, Wrong> {
        let offset = self.offset_of(name);
        match self.optional(name)? {
            None => Ok(None),
            Some(Node::List(nodes)) => Ok(Some(nodes)),
            Some(_) => Err(Wrong::new(offset, format!(r#"`{name}` is a list: `["a", "b"]`"#))),
        }
    }

    /// The texts of a list that is written out.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, Wrong> {
        let offset = self.offset_of(name);
        let nodes = self.optional_list(name)?.unwrap_or_default();
        let text = |node| match node {
            Node::Text(text) => Ok(text),
            _ => Err(Wrong::new(offset, format!(r#"`{name}` is a list of texts: `["a", "b"]`"#))),
        };
        nodes.into_iter().map(text).collect()
    }

    /// The name of a converter, if it is given.
    pub(crate) fn optional_function(&mut self, name: &str) -> Result<Option<(String, usize)>, Wrong> {
        match self.take(name) {
            None => Ok(None),
            Some(Argument { given: Given::Function(function), offset, .. }) => Ok(Some((function, offset))),
            Some(Argument { offset, .. }) => {
                Err(Wrong::new(offset, format!("`{name}` is the name of a function, without brackets")))
            }
        }
    }

    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.signature.place(name).is_some_and(|place| self.slots[place].is_some())
    }

    /// Where an argument stands in the text.
    pub(crate) fn offset_of(&self, name: &str) -> usize {
        let argument = self.signature.place(name).and_then(|place| self.slots[place].as_ref());
        argument.map_or(self.offset, |argument| argument.offset)
    }

    fn take(&mut self, name: &str) -> Option<Argument> {
        let place = self.signature.place(name);
        debug_assert!(place.is_some(), "`{}` declares `{name}`", self.signature.name);
        self.slots[place?].take()
    }
}
