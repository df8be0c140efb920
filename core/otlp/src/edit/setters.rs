/// Setters of a draft's fields: `name: field number => field of the view: kind`.
macro_rules! setters {
    ($view:ident { $($(#[$doc:meta])* $name:ident: $number:literal => $field:ident: $kind:ident $($length:literal)?;)* }) => {
        impl<'a> $crate::edit::Draft<$crate::views::$view<'a>> {
            $($crate::edit::setters! { @one $kind $($length)?, $(#[$doc])* $name $number $field })*
        }
    };
    (@one str, $(#[$doc:meta])* $name:ident $number:literal $field:ident) => {
        $(#[$doc])*
        pub fn $name(&mut self, value: &'a str) {
            self.view.$field = value.as_bytes();
            self.touch($number);
        }
    };
    (@one id $length:literal, $(#[$doc:meta])* $name:ident $number:literal $field:ident) => {
        $(#[$doc])*
        ///
        /// False: it is neither empty nor of the right length, and nothing is set.
        pub fn $name(&mut self, value: &'a [u8]) -> bool {
            if !value.is_empty() && value.len() != $length {
                return false;
            }
            self.view.$field = value;
            self.touch($number);
            true
        }
    };
    (@one attributes, $(#[$doc:meta])* $name:ident $number:literal $field:ident) => {
        $(#[$doc])*
        pub fn $name(&mut self, attributes: $crate::views::AttributesView<'a>, arena: &'a $crate::edit::Arena) {
            if std::ptr::eq(attributes.bytes(), self.view.$field.bytes()) {
                return;
            }
            let original = $crate::edit::draft::Editable::original(&self.view);
            let stretch = self.view.$field.stretch(original);
            self.view.$field = attributes.renumbered($number, arena).0;
            self.touch_stretch($number, stretch);
        }
    };
    (@one $type:ident, $(#[$doc:meta])* $name:ident $number:literal $field:ident) => {
        $(#[$doc])*
        pub fn $name(&mut self, value: $type) {
            self.view.$field = value;
            self.touch($number);
        }
    };
}

pub(crate) use setters;
