//! Tokens to a compiled expression, by recursive descent. From loose to tight: `or`, `and`, `not`,
//! comparison, `+ -`, `* /`, unary `-`.

use crate::{
    arguments::{Argument, Given},
    editors::{self, Editor},
    enums,
    error::Wrong,
    functions,
    lexer::{self, Token},
    node::{Kind, Node, Operator},
    path::{Key, Names, Path},
    value::Comparison,
};
use std::sync::Arc;

/// Parentheses, `not`, signs and operators of one chain count, each as one level.
const MAX_DEPTH: usize = 64;
/// In bytes.
const MAX_LENGTH: usize = 64 << 10;

/// A whole expression.
pub(crate) fn expression(text: &str, scope: Names) -> Result<Node, Wrong> {
    let mut parser = Parser::new(text, scope)?;
    if *parser.peek() == Token::End {
        return Err(Wrong::new(0, "the expression is empty"));
    }
    let node = parser.any()?;
    match parser.peek() {
        Token::End => Ok(node),
        Token::Symbol(")") => Err(parser.wrong("a `)` without its `(`")),
        Token::Symbol("=") => Err(parser.wrong("unexpected `=`").help("equality is `==`")),
        other => {
            let message = format!("unexpected {}", describe(other));
            Err(parser.wrong(message).help("join conditions with `and` or `or`"))
        }
    }
}

/// An editor's call, and the condition behind `where`.
pub(crate) fn statement(text: &str, scope: Names) -> Result<(Arc<dyn Editor>, Option<Node>), Wrong> {
    let mut parser = Parser::new(text, scope)?;
    let name = match *parser.peek() {
        Token::End => return Err(Wrong::new(0, "the statement is empty")),
        Token::Name(name) => name,
        _ => return Err(parser.wrong("a statement begins with the name of an editor, such as `set`")),
    };
    let start = parser.offset();
    parser.at += 1;
    if *parser.peek() != Token::Symbol("(") {
        return Err(parser.wrong(format!("`{name}` needs its arguments in brackets")));
    }
    if functions::exists(name) {
        let wrong = Wrong::new(start, format!("`{name}` gives a value and changes nothing"));
        return Err(wrong.help(format!("use it in an editor: `set(attributes[\"...\"], {name}(...))`")));
    }
    let arguments = parser.arguments()?;
    let editor = editors::compile(name, arguments, start, scope.context)?;
    if !parser.peek_word("where") {
        return match parser.peek() {
            Token::End => Ok((editor, None)),
            other => {
                let message = format!("unexpected {}", describe(other));
                Err(parser.wrong(message).help("a condition stands behind `where`"))
            }
        };
    }
    parser.at += 1;
    let start = parser.offset();
    let node = parser.any()?;
    match parser.peek() {
        Token::End => Ok((editor, Some(condition(node, start, "where")?))),
        other => Err(parser.wrong(format!("unexpected {}", describe(other)))),
    }
}

struct Parser<'t> {
    tokens: Vec<(Token<'t>, usize)>,
    at: usize,
    depth: usize,
    names: Names,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, names: Names) -> Result<Self, Wrong> {
        if text.len() > MAX_LENGTH {
            return Err(Wrong::new(MAX_LENGTH, "an expression has at most 64 KiB; it ends"));
        }
        Ok(Self { tokens: lexer::tokens(text)?, at: 0, depth: 0, names })
    }

    fn any(&mut self) -> Result<Node, Wrong> {
        self.joined("or", Self::all, Node::Any)
    }

    fn all(&mut self) -> Result<Node, Wrong> {
        self.joined("and", Self::not, Node::All)
    }

    fn joined(
        &mut self,
        word: &'static str,
        operand: fn(&mut Self) -> Result<Node, Wrong>,
        join: fn(Vec<Node>) -> Node,
    ) -> Result<Node, Wrong> {
        let start = self.offset();
        let first = operand(self)?;
        if !self.peek_word(word) {
            return Ok(first);
        }
        let mut operands = vec![condition(first, start, word)?];
        while self.peek_word(word) {
            self.at += 1;
            let start = self.offset();
            let next = operand(self)?;
            operands.push(condition(next, start, word)?);
        }
        Ok(join(operands))
    }

    fn not(&mut self) -> Result<Node, Wrong> {
        if !self.peek_word("not") {
            return self.comparison();
        }
        self.at += 1;
        let start = self.offset();
        let operand = self.deeper(Self::not)?;
        Ok(Node::Not(Box::new(condition(operand, start, "not")?)))
    }

    fn comparison(&mut self) -> Result<Node, Wrong> {
        let left = self.sum()?;
        let Some(comparison) = self.peek_comparison() else { return Ok(left) };
        self.at += 1;
        let right = self.sum()?;
        if self.peek_comparison().is_some() {
            return Err(self.wrong("comparisons do not chain").help("join two of them with `and`"));
        }
        Ok(Node::Compare(comparison, Box::new([left, right])))
    }

    fn sum(&mut self) -> Result<Node, Wrong> {
        self.chain(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Node, Wrong> {
        self.chain(&[("*", Operator::Multiply), ("/", Operator::Divide)], Self::unary)
    }

    /// Operators of one precedence, from left to right.
    fn chain(
        &mut self,
        operators: &[(&str, Operator)],
        operand: fn(&mut Self) -> Result<Node, Wrong>,
    ) -> Result<Node, Wrong> {
        let start = self.offset();
        let mut left = operand(self)?;
        let mut length = self.depth;
        while let Some((symbol, operator)) =
            operators.iter().find(|(symbol, _)| matches!(self.peek(), Token::Symbol(next) if next == symbol))
        {
            length += 1;
            if length > MAX_DEPTH {
                return Err(self.wrong("the expression is nested too deeply"));
            }
            self.at += 1;
            let right_start = self.offset();
            let right = operand(self)?;
            left = Node::Calculate(
                *operator,
                Box::new([number(left, start, symbol)?, number(right, right_start, symbol)?]),
            );
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, Wrong> {
        let is_number = matches!(self.peek_second(), Token::Int(_) | Token::Float(_));
        if *self.peek() == Token::Symbol("+") && is_number {
            self.at += 1;
            return self.primary();
        }
        if *self.peek() != Token::Symbol("-") {
            return self.primary();
        }
        self.at += 1;
        let start = self.offset();
        let operand = self.deeper(Self::unary)?;
        Ok(match number(operand, start, "-")? {
            Node::Int(number) => Node::Int(number.wrapping_neg()),
            Node::Float(number) => Node::Float(-number),
            other => Node::Negate(Box::new(other)),
        })
    }

    fn primary(&mut self) -> Result<Node, Wrong> {
        let (token, start) = self.tokens[self.at].clone();
        // The end is not passed, so that errors can still point at it.
        if token != Token::End {
            self.at += 1;
        }
        match token {
            Token::Int(number) => Ok(Node::Int(number)),
            Token::Float(number) => Ok(Node::Float(number)),
            Token::Text(text) => Ok(Node::Text(text)),
            Token::Bytes(bytes) => Ok(Node::Bytes(bytes)),
            Token::Symbol("[") => self.list(),
            Token::Symbol("{") => self.map(),
            Token::Symbol("(") => {
                let inner = self.deeper(Self::any)?;
                match self.peek() {
                    Token::Symbol(")") => {
                        self.at += 1;
                        Ok(inner)
                    }
                    other => {
                        let message = format!("a `)` is missing before {}", describe(other));
                        Err(self.wrong(message))
                    }
                }
            }
            Token::Name("nil") => Ok(Node::Nil),
            Token::Name("true") => Ok(Node::Bool(true)),
            Token::Name("false") => Ok(Node::Bool(false)),
            Token::Name(word @ ("and" | "or" | "not")) => {
                Err(Wrong::new(start, format!("`{word}` needs a condition on each side where it stands")))
            }
            Token::Name(name) => self.named(name, start),
            other => Err(Wrong::new(start, format!("a value is missing before {}", describe(&other)))),
        }
    }

    /// A path, the name of a number, or a call.
    fn named(&mut self, first: &'t str, start: usize) -> Result<Node, Wrong> {
        if *self.peek() == Token::Symbol("(") {
            if !functions::exists(first) && editors::signatures().any(|editor| editor.name == first) {
                let message = format!("`{first}` changes something and gives no value");
                return Err(Wrong::new(start, message));
            }
            let arguments = self.deeper(Self::arguments)?;
            let call = Node::Call(functions::compile(first, arguments, start, self.names.context)?);
            let keys = self.keys()?;
            return Ok(if keys.is_empty() { call } else { Node::Index(Box::new(call), keys) });
        }
        if !first.contains(|c: char| c.is_ascii_lowercase()) {
            return enums::number(first).map(Node::Int).ok_or_else(|| {
                Wrong::new(start, format!("unknown enum `{first}`")).nearest(first, enums::names())
            });
        }
        let mut name = first.to_owned();
        while *self.peek() == Token::Symbol(".") {
            self.at += 1;
            let Token::Name(part) = *self.peek() else {
                return Err(self.wrong(format!("`{name}.` needs a name after its dot")));
            };
            self.at += 1;
            name.push('.');
            name.push_str(part);
        }
        let keys = self.keys()?;
        Path::resolve(&name, keys, self.names, start).map(Node::Path)
    }

    fn keys(&mut self) -> Result<Vec<Key>, Wrong> {
        let mut keys = Vec::new();
        while *self.peek() == Token::Symbol("[") {
            self.at += 1;
            let start = self.offset();
            // Most likely text without its quotes.
            let is_word = matches!((self.peek(), self.peek_second()), (Token::Name(_), Token::Symbol("]")));
            let node = self.deeper(Self::sum).map_err(|wrong| if is_word { no_key(start) } else { wrong })?;
            let key = match node {
                Node::Text(text) => Key::Name(text),
                Node::Int(number) if number >= 0 => Key::Index(usize::try_from(number).unwrap_or(usize::MAX)),
                node @ (Node::Path(_) | Node::Call(_) | Node::Index(..) | Node::Calculate(..)) => {
                    Key::Computed(Box::new(node))
                }
                _ => return Err(no_key(start)),
            };
            self.expect("]")?;
            keys.push(key);
        }
        Ok(keys)
    }

    /// Values up to the closing bracket, which is passed; the opening one has been.
    fn list(&mut self) -> Result<Node, Wrong> {
        let mut nodes = Vec::new();
        self.separated("]", |parser| {
            nodes.push(parser.deeper(Self::any)?);
            Ok(())
        })?;
        Ok(Node::List(nodes))
    }

    fn map(&mut self) -> Result<Node, Wrong> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        self.separated("}", |parser| {
            let Token::Text(key) = parser.peek().clone() else {
                return Err(parser.wrong(r#"a map is written `{"key": value}`"#));
            };
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(parser.wrong(format!("the key `{key}` is there twice")));
            }
            parser.at += 1;
            parser.expect(":")?;
            entries.push((key, parser.deeper(Self::any)?));
            Ok(())
        })?;
        Ok(Node::Map(entries))
    }

    /// The arguments of a call, brackets included.
    fn arguments(&mut self) -> Result<Vec<Argument>, Wrong> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        self.separated(")", |parser| {
            let offset = parser.offset();
            let name = match (parser.peek(), parser.peek_second()) {
                (Token::Name(name), Token::Symbol("=")) => Some((*name).to_owned()),
                _ => None,
            };
            if name.is_some() {
                parser.at += 2;
            }
            let given = match (parser.peek(), parser.peek_second()) {
                (Token::Name(name), Token::Symbol("," | ")")) if functions::exists(name) => {
                    let function = (*name).to_owned();
                    parser.at += 1;
                    Given::Function(function)
                }
                _ => Given::Value(parser.deeper(Self::any)?),
            };
            arguments.push(Argument { name, given, offset });
            Ok(())
        })?;
        Ok(arguments)
    }

    /// Calls `one` for everything between commas, up to the closing bracket, which is passed.
    fn separated(
        &mut self,
        close: &'static str,
        mut one: impl FnMut(&mut Self) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        let is_close = |token: &Token<'_>| matches!(token, Token::Symbol(symbol) if *symbol == close);
        while !is_close(self.peek()) {
            one(self)?;
            if *self.peek() == Token::Symbol(",") {
                self.at += 1;
            } else if !is_close(self.peek()) {
                return Err(
                    self.wrong(format!("a `{close}` or a `,` is missing before {}", describe(self.peek())))
                );
            }
        }
        self.at += 1;
        Ok(())
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), Wrong> {
        match self.peek() {
            Token::Symbol(found) if *found == symbol => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.wrong(format!("a `{symbol}` is missing"))),
        }
    }

    fn deeper<T>(&mut self, inner: fn(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong("the expression is nested too deeply"));
        }
        let node = inner(self);
        self.depth -= 1;
        node
    }

    fn peek_second(&self) -> &Token<'t> {
        self.tokens.get(self.at + 1).map_or(&Token::End, |(token, _)| token)
    }

    fn peek(&self) -> &Token<'t> {
        &self.tokens[self.at].0
    }

    fn peek_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(name) if *name == word)
    }

    fn peek_comparison(&self) -> Option<Comparison> {
        match self.peek() {
            Token::Symbol(symbol) => Comparison::from_symbol(symbol),
            _ => None,
        }
    }

    fn offset(&self) -> usize {
        self.tokens[self.at].1
    }

    fn wrong(&self, message: impl Into<String>) -> Wrong {
        Wrong::new(self.offset(), message)
    }
}

fn no_key(start: usize) -> Wrong {
    Wrong::new(start, r#"a key is text in double quotes, or a number from 0: `["key"]`"#)
}

fn condition(node: Node, start: usize, word: &str) -> Result<Node, Wrong> {
    match node.kind() {
        Kind::Condition | Kind::Unknown => Ok(node),
        Kind::Number | Kind::Other => {
            Err(Wrong::new(start, format!("`{word}` takes conditions, this is a value")))
        }
    }
}

fn number(node: Node, start: usize, symbol: &str) -> Result<Node, Wrong> {
    match node.kind() {
        Kind::Number | Kind::Unknown => Ok(node),
        Kind::Condition | Kind::Other => {
            Err(Wrong::new(start, format!("`{symbol}` takes numbers, this is something else")))
        }
    }
}

fn describe(token: &Token<'_>) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Int(number) => format!("`{number}`"),
        Token::Float(number) => format!("`{number}`"),
        Token::Text(_) => "a text".to_owned(),
        Token::Bytes(_) => "bytes".to_owned(),
        Token::Symbol(symbol) => format!("`{symbol}`"),
        Token::End => "the end".to_owned(),
    }
}
