//! Tokens to a compiled expression, by recursive descent. From loose to tight: `or`, `and`, `not`,
//! comparison, `+ -`, `* /`, unary `-`.

use crate::{
    Context, enums,
    error::Wrong,
    lexer::{self, Token},
    node::{Kind, Node, Operator},
    path::{Key, Path},
    value::Comparison,
};

/// Parentheses, `not`, signs and operators of one chain count, each as one level.
const MAX_DEPTH: usize = 64;
/// In bytes.
const MAX_LENGTH: usize = 64 << 10;

pub(crate) fn parse(text: &str, context: Context) -> Result<Node, Wrong> {
    if text.len() > MAX_LENGTH {
        return Err(Wrong::new(MAX_LENGTH, "an expression has at most 64 KiB; it ends"));
    }
    let mut parser = Parser { tokens: lexer::tokens(text)?, at: 0, depth: 0, context };
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

struct Parser<'t> {
    tokens: Vec<(Token<'t>, usize)>,
    at: usize,
    depth: usize,
    context: Context,
}

impl<'t> Parser<'t> {
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
            return Err(Wrong::new(start, format!("`{first}(...)`: functions are not supported yet")));
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
        Path::resolve(&name, keys, self.context, start).map(Node::Path)
    }

    fn keys(&mut self) -> Result<Vec<Key>, Wrong> {
        let mut keys = Vec::new();
        while *self.peek() == Token::Symbol("[") {
            self.at += 1;
            let key = match self.peek() {
                Token::Text(text) => Key::Name(text.clone()),
                Token::Int(number) => Key::Index(usize::try_from(*number).unwrap_or(usize::MAX)),
                _ => {
                    return Err(
                        self.wrong(r#"a key is text in double quotes, or a number from 0: `["key"]`"#)
                    );
                }
            };
            self.at += 1;
            if *self.peek() != Token::Symbol("]") {
                return Err(self.wrong("a `]` is missing"));
            }
            self.at += 1;
            keys.push(key);
        }
        Ok(keys)
    }

    fn deeper(&mut self, inner: fn(&mut Self) -> Result<Node, Wrong>) -> Result<Node, Wrong> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong("the expression is nested too deeply"));
        }
        let node = inner(self);
        self.depth -= 1;
        node
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
