//! Every statement of this room in one list, so that a test can have both engines parse each.

use crate::{
    audit,
    chain::{checkpoint, head},
    draft, instance, journal, key, lease, migration, outbox, prune,
};

/// The statements that both engines run, word for word.
pub fn statements() -> Vec<&'static str> {
    let mut all = vec![
        audit::AFTER,
        audit::CHAIN,
        audit::ENTRIES,
        audit::ERASE,
        audit::LAST,
        audit::OF_CALL,
        audit::OF_PRINCIPAL,
        audit::UNCHAINED,
        checkpoint::AFTER,
        checkpoint::INSERT,
        checkpoint::LAST,
        head::ALL,
        head::FIND,
        head::PUT,
        draft::OF_GUILD,
        draft::SAVE,
        instance::LEAVE,
        instance::SIGN,
        journal::AFTER,
        journal::COUNT_IDENTIFIES,
        journal::FORGET_IDENTIFIES,
        journal::FORGET_RESUME_POINT,
        journal::INSERT_IDENTIFY,
        journal::LATEST,
        journal::PUT_RESUME_POINT,
        journal::RESUME_POINT,
        key::CREATE,
        key::FIND,
        key::LIST,
        key::REVOKE,
        lease::END,
        lease::FIND,
        lease::PUT,
        migration::INSERT_VERSION,
        migration::VERSION,
        outbox::ANSWER_KEY,
        outbox::ASSIGN,
        outbox::CLAIMABLE,
        outbox::CLAIM_KEY,
        outbox::EXISTS,
        outbox::FIND_KEY,
        outbox::FINISH,
        outbox::FREE_KEY,
        outbox::INSERT,
        outbox::OTHERS,
        outbox::RECALL,
        outbox::SPEND,
        prune::IDEMPOTENCY_KEYS,
        prune::INSTANCES,
        prune::OUTBOX,
        prune::SPENT_CONFIRMATIONS,
    ];
    all.extend(audit::INSERT.texts());
    all.extend(journal::INSERT.texts());
    all
}
