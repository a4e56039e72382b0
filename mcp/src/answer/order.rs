//! The order in which a type declares its fields.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Error, Map, Value};

type Name = Cow<'static, str>;

/// What matters first is told first, though JSON objects are sorted.
#[derive(Debug, Default)]
pub struct Order(HashMap<Name, usize>);

impl Order {
    /// The order of the fields of these facts.
    pub fn of(facts: &impl Serialize) -> Self {
        let mut order = HashMap::new();
        for (rank, name) in facts.serialize(Names).unwrap_or_default().into_iter().enumerate() {
            order.entry(name).or_insert(rank);
        }
        Self(order)
    }

    /// Place of a field; those that nobody declared come last.
    pub fn rank(&self, key: &str) -> usize {
        self.0.get(key).copied().unwrap_or(usize::MAX)
    }

    /// An object's fields in this order.
    pub fn sorted<'a>(&self, map: &'a Map<String, Value>) -> Vec<(&'a String, &'a Value)> {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by_key(|(key, _)| self.rank(key));
        entries
    }
}

/// Serializes a value to the names of its fields, and builds nothing: every answer goes through here.
struct Names;

/// A value's own names, and those of what is in it, which come behind all of its own.
#[derive(Default)]
struct Within {
    own: Vec<Name>,
    deeper: Vec<Name>,
}

impl Within {
    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.deeper.extend(value.serialize(Names)?);
        Ok(())
    }

    fn field(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.own.push(name.into());
        self.value(value)
    }

    fn all(mut self) -> Vec<Name> {
        self.own.append(&mut self.deeper);
        self.own
    }
}

/// Values that have no fields.
macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, _: $type) -> Result<Vec<Name>, Error> {
            Ok(Vec::new())
        })*
    };
}

/// What is in a compound value, by one method of one trait.
macro_rules! compounds {
    ($($trait:ident: $method:ident($($name:ident)?)),*) => {
        $(impl $trait for Within {
            type Ok = Vec<Name>;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), Error> {
                compounds!(@take self, value $(, $name)?)
            }

            fn end(self) -> Result<Vec<Name>, Error> {
                Ok(self.all())
            }
        })*
    };
    (@take $within:ident, $value:ident) => { $within.value($value) };
    (@take $within:ident, $value:ident, $name:ident) => { $within.field($name, $value) };
}

compounds!(
    SerializeSeq: serialize_element(), SerializeTuple: serialize_element(), SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(), SerializeStruct: serialize_field(name), SerializeStructVariant: serialize_field(name)
);

impl SerializeMap for Within {
    type Ok = Vec<Name>;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        if let Value::String(name) = serde_json::to_value(key)? {
            self.own.push(name.into());
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<Vec<Name>, Error> {
        Ok(self.all())
    }
}

impl Serializer for Names {
    type Ok = Vec<Name>;
    type Error = Error;
    type SerializeSeq = Within;
    type SerializeTuple = Within;
    type SerializeTupleStruct = Within;
    type SerializeTupleVariant = Within;
    type SerializeMap = Within;
    type SerializeStruct = Within;
    type SerializeStructVariant = Within;

    scalars!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8,
        serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32, serialize_f64: f64,
        serialize_char: char, serialize_str: &str, serialize_bytes: &[u8], serialize_unit_struct: &'static str
    );

    fn serialize_none(self) -> Result<Vec<Name>, Error> {
        Ok(Vec::new())
    }

    fn serialize_unit(self) -> Result<Vec<Name>, Error> {
        Ok(Vec::new())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Vec<Name>, Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<Vec<Name>, Error> {
        Ok(Vec::new())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Vec<Name>, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Vec<Name>, Error> {
        let mut within = Within::default();
        within.field(variant, value)?;
        Ok(within.all())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Within, Error> {
        Ok(Within::default())
    }

    fn serialize_tuple(self, _: usize) -> Result<Within, Error> {
        Ok(Within::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Within, Error> {
        Ok(Within::default())
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Within, Error> {
        Ok(Within::default())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Within, Error> {
        Ok(Within::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Within, Error> {
        Ok(Within::default())
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Within, Error> {
        Ok(Within::default())
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Inner {
        zeta: Option<&'static str>,
        alpha: u8,
    }

    #[derive(Serialize)]
    struct Outer {
        total: usize,
        items: Vec<Inner>,
        alpha: Value,
    }

    #[test]
    fn own_fields_come_before_those_of_what_is_inside() {
        let inner = Inner { zeta: Some("z"), alpha: 1 };
        let facts = Outer { total: 1, items: vec![inner], alpha: json!({"free": [{"form": null}]}) };
        let order = Order::of(&facts);
        let names = ["total", "items", "alpha", "zeta", "free", "form"];
        assert!(names.is_sorted_by_key(|name| order.rank(name)), "{order:?}");
        assert_eq!(order.rank("nobody"), usize::MAX);
    }
}
