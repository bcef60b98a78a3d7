//! Stories of the whole binary, and the rules of the house.

mod house;
