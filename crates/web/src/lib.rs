//! The HTTP server around the doors: who may come in, how large, how fast, and what is healthy.
