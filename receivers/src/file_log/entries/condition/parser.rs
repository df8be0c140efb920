use super::{
    Comparison, Condition, Operand, TextTest, Wrong,
    lexer::{Kind, Token, tokens},
};
use crate::file_log::entries::field::Field;
use tidewatch_otlp::write::Value;
use tidewatch_parse::go_regex;

/// How deep conditions are nested.
const MAX_DEPTH: usize = 32;

pub(super) fn parse(text: &str) -> Result<Condition, Wrong> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0 };
    let condition = parser.any(0)?;
    match parser.peek() {
        Kind::End => Ok(condition),
        _ => Err(parser.wrong("the condition ends before this")),
    }
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    next: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &Kind<'t> {
        &self.tokens[self.next].kind
    }

    fn advance(&mut self) {
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    fn wrong(&self, problem: impl Into<String>) -> Wrong {
        Wrong { problem: problem.into(), at: self.tokens[self.next].at }
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Kind::Sign(found) if *found == sign);
        if found {
            self.advance();
        }
        found
    }

    fn take_name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Kind::Name(found) if *found == name);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.wrong(format!("`{sign}` is missing"))) }
    }

    fn any(&mut self, depth: usize) -> Result<Condition, Wrong> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("the condition is nested too deeply"));
        }
        let mut conditions = vec![self.all(depth)?];
        while self.take_name("or") || self.take_sign("||") {
            conditions.push(self.all(depth)?);
        }
        Ok(one_or(conditions, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, Wrong> {
        let mut conditions = vec![self.not(depth)?];
        while self.take_name("and") || self.take_sign("&&") {
            conditions.push(self.not(depth)?);
        }
        Ok(one_or(conditions, Condition::All))
    }

    fn not(&mut self, depth: usize) -> Result<Condition, Wrong> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("the condition is nested too deeply"));
        }
        if self.take_name("not") || self.take_sign("!") {
            return Ok(Condition::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take_sign("(") {
            let condition = self.any(depth + 1)?;
            self.expect(")")?;
            return Ok(condition);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, Wrong> {
        let left = self.operand()?;
        let negated = self.take_name("not");
        let condition = match self.peek().clone() {
            Kind::Sign(sign) => match comparison(sign) {
                Some(comparison) => {
                    self.advance();
                    Condition::Compare(left, comparison, self.operand()?)
                }
                None => Condition::Is(left),
            },
            Kind::Name("matches") => {
                self.advance();
                self.matches(left)?
            }
            Kind::Name("in") => {
                self.advance();
                Condition::In(left, self.operand()?)
            }
            Kind::Name(name) => match text_test(name) {
                Some(test) => {
                    self.advance();
                    Condition::Text(left, test, self.operand()?)
                }
                None => Condition::Is(left),
            },
            _ => Condition::Is(left),
        };
        match (negated, condition) {
            (true, Condition::Is(_)) => {
                Err(self.wrong("`not` here stands before `in`, `matches`, `contains`, ..."))
            }
            (true, condition) => Ok(Condition::Not(Box::new(condition))),
            (false, condition) => Ok(condition),
        }
    }

    fn matches(&mut self, left: Operand) -> Result<Condition, Wrong> {
        let Kind::Text(pattern) = self.peek().clone() else {
            return Err(self.wrong("a regular expression stands in quotes"));
        };
        let regex = go_regex::text(&pattern).map_err(|problem| self.wrong(problem))?;
        self.advance();
        Ok(Condition::Matches(left, regex))
    }

    fn operand(&mut self) -> Result<Operand, Wrong> {
        if let Kind::Name(root @ ("body" | "attributes" | "resource")) = *self.peek() {
            self.advance();
            return self.field(root).map(Operand::Field);
        }
        if self.take_sign("[") {
            let mut values = Vec::new();
            while !self.take_sign("]") {
                if !values.is_empty() {
                    self.expect(",")?;
                }
                values.push(self.literal()?);
            }
            return Ok(Operand::Literal(Value::List(values)));
        }
        self.literal().map(Operand::Literal)
    }

    fn literal(&mut self) -> Result<Value<'static>, Wrong> {
        let negative = self.take_sign("-");
        let value = match self.peek().clone() {
            Kind::Int(number) => Value::Int(if negative { -number } else { number }),
            Kind::Double(number) => Value::Double(if negative { -number } else { number }),
            Kind::Text(text) if !negative => Value::from(text),
            Kind::Name("true") if !negative => Value::Bool(true),
            Kind::Name("false") if !negative => Value::Bool(false),
            Kind::Name("nil") if !negative => Value::Null,
            Kind::Name(name) => {
                let problem =
                    format!("`{name}` is not supported here: compare `body`, `attributes` and `resource`");
                return Err(self.wrong(problem));
            }
            _ => return Err(self.wrong("a field or a value is missing")),
        };
        self.advance();
        Ok(value)
    }

    /// What follows on the name of a root: `.a`, `?.a`, `["a"]`.
    fn field(&mut self, root: &str) -> Result<Field, Wrong> {
        let mut keys = vec![root.to_owned()];
        loop {
            if self.take_sign(".") || self.take_sign("?.") {
                let Kind::Name(key) = *self.peek() else { return Err(self.wrong("a key is missing")) };
                keys.push(key.to_owned());
                self.advance();
            } else if self.take_sign("[") {
                let Kind::Text(key) = self.peek().clone() else {
                    return Err(self.wrong("a key in brackets stands in quotes"));
                };
                keys.push(key);
                self.advance();
                self.expect("]")?;
            } else {
                return Field::of(keys).map_err(|problem| self.wrong(problem));
            }
        }
    }
}

fn one_or(mut conditions: Vec<Condition>, several: fn(Vec<Condition>) -> Condition) -> Condition {
    if conditions.len() > 1 { several(conditions) } else { conditions.remove(0) }
}

fn comparison(sign: &str) -> Option<Comparison> {
    Some(match sign {
        "==" => Comparison::Equal,
        "!=" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn text_test(name: &str) -> Option<TextTest> {
    Some(match name {
        "contains" => TextTest::Contains,
        "startsWith" => TextTest::StartsWith,
        "endsWith" => TextTest::EndsWith,
        _ => return None,
    })
}
