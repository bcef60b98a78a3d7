//! The catalogue through its public door.

#[cfg(test)]
mod arguments;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod openapi;
mod undo;
#[cfg(test)]
mod views;
