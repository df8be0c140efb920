use std::borrow::Cow;
use std::collections::HashMap;

use super::Value;

/// Values by key, in the order in which they came; no key twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map<'a> {
    entries: Vec<(Cow<'a, str>, Value<'a>)>,
}

/// Up to as many entries, looking at each of them is the fastest way to find one.
const FEW: usize = 32;

impl<'a> Map<'a> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries.iter().find(|(other, _)| other == key).map(|(_, value)| value)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        self.entries.iter_mut().find(|(other, _)| other == key).map(|(_, value)| value)
    }

    /// Sets a key; what it had is replaced in its place.
    pub fn insert(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(old) => *old = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let index = self.entries.iter().position(|(other, _)| other == key)?;
        Some(self.entries.remove(index).1)
    }

    /// The value of a key that is a map; one is put there if it is something else, or nothing.
    pub fn map_at(&mut self, key: &str) -> &mut Self {
        if !matches!(self.get(key), Some(Value::Map(_))) {
            self.insert(key.to_owned(), Value::Map(Self::new()));
        }
        match self.get_mut(key) {
            Some(Value::Map(map)) => map,
            _ => unreachable!("it was put there"),
        }
    }

    /// The same map, which borrows its texts from this one.
    pub fn reborrow(&self) -> Map<'_> {
        Map { entries: self.iter().map(|(key, value)| (key.into(), value.reborrow())).collect() }
    }

    /// A map that borrows from nothing.
    pub fn into_owned(self) -> Map<'static> {
        let own = |(key, value): (Cow<'a, str>, Value<'a>)| (key.into_owned().into(), value.into_owned());
        Map { entries: self.entries.into_iter().map(own).collect() }
    }
}

impl<'a, K: Into<Cow<'a, str>>> Extend<(K, Value<'a>)> for Map<'a> {
    /// Sets many keys; the last value of one counts. Linear, however many there are.
    fn extend<I: IntoIterator<Item = (K, Value<'a>)>>(&mut self, more: I) {
        let more = more.into_iter().map(|(key, value)| (key.into(), value));
        let first = self.entries.len();
        self.entries.extend(more);
        if self.entries.len() > FEW {
            return self.dedup();
        }
        let new = self.entries.split_off(first);
        for (key, value) in new {
            self.insert(key, value);
        }
    }
}

impl<'a> Map<'a> {
    /// Of entries with the same key, keeps the place of the first and the value of the last.
    fn dedup(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        let mut places: HashMap<Cow<'a, str>, usize> = HashMap::with_capacity(entries.len());
        for (key, value) in entries {
            if let Some(place) = places.get(&key) {
                self.entries[*place].1 = value;
            } else {
                places.insert(key.clone(), self.entries.len());
                self.entries.push((key, value));
            }
        }
    }
}

impl<'a, K: Into<Cow<'a, str>>> FromIterator<(K, Value<'a>)> for Map<'a> {
    fn from_iter<I: IntoIterator<Item = (K, Value<'a>)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (Cow<'a, str>, Value<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_counts_however_many_there_are() {
        for count in [3, 300] {
            let entries = (0..count).map(|index| (format!("k{}", index % (count / 3)), Value::Int(index)));
            let mut map: Map<'_> = entries.collect();
            assert_eq!(map.len() as i64, count / 3);
            assert_eq!(map.get("k0"), Some(&Value::Int(count / 3 * 2)));
            map.insert("k0", Value::Null);
            assert_eq!(map.iter().next(), Some(("k0", &Value::Null)));
            assert_eq!(map.remove("k0"), Some(Value::Null));
            assert_eq!(map.remove("k0"), None);
        }
    }

    #[test]
    fn what_is_no_map_makes_room_for_one() {
        let mut map = Map::from_iter([("a", Value::Int(1))]);
        map.map_at("a").insert("b", 2);
        map.map_at("a").insert("c", 3);
        assert_eq!(map.map_at("a").len(), 2);
    }
}
