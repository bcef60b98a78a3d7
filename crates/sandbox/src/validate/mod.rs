//! Reads JSON bodies field by field as Discord does, and answers with nested errors.
