//! Stories about a real sandbox: a real server, real sockets, clients that know only Discord.

mod acts;
mod client;
mod clients;
mod control;
mod faults;
mod gateway;
mod gateway_faults;
mod gateway_limits;
mod gateway_members;
mod limits;
mod limits_shared;

mod people;
mod property;
mod rest_answers;
mod rest_applications;
mod rest_automod;
mod rest_commands;
mod rest_document;
mod rest_expressions;
mod rest_interactions;
mod rest_judged;
mod rest_referee;
mod rest_rules;
mod rest_scheduled_events;
mod rest_slow_mode;
mod rest_soundboard;
mod rest_stages;
mod rest_strange;
mod rest_threads;
mod rest_tour;
mod resume;
mod snapshots;
mod support;
mod timers;
mod voice;
