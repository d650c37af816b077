//! How the parameters of scenarios are written down: each with its default beside it.

/// `parameters!(Fib { n: u64 = 20 });` A type with these fields, that reads and writes itself as
/// JSON, and takes the default of what is not named.
macro_rules! parameters {
    ($name:ident { $($field:ident: $type:ty = $default:expr),* $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(pub $field: $type),*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }
    };
}

/// `choice!(Phase { Create, Fire, Cancel });` One of some words, of which the first is the default.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $(#[$about_first:meta])* $first:ident, $($(#[$about_other:meta])* $other:ident),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            #[default]
            $(#[$about_first])*
            $first,
            $($(#[$about_other])* $other),*
        }
    };
}

pub(super) use {choice, parameters};
