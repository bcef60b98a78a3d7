//! Stories about a real sandbox: a real server, real sockets, clients that know only Discord.

mod client;
mod clients;
mod control;
mod faults;
mod gateway;
mod limits;
mod people;
mod rest_answers;
mod rest_automod;
mod rest_commands;
mod rest_document;
mod rest_interactions;
mod rest_judged;
mod rest_referee;
mod rest_rules;
mod rest_scheduled_events;
mod rest_slow_mode;
mod rest_stages;
mod rest_strange;
mod rest_tour;
mod resume;
mod snapshots;
mod support;
mod timers;
mod voice;
