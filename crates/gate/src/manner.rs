//! Whether a call stands by itself or is one of several that are planned and confirmed together.

use model::Millis;

use crate::approval::Agreed;

/// How a call is judged and carried out. Doors cannot choose it: their calls stand alone.
#[derive(Debug, Clone, Default)]
pub(crate) enum Manner {
    #[default]
    Alone,
    /// Alone, and its transport would know the same request again by this.
    Marked { mark: String },
    /// Part of the plan of a whole, made at this moment. Not counted: the whole was.
    Shown { at: Millis },
    /// Part of a whole whose plan was confirmed as its steps demand.
    Carried {
        whole: String,
        /// The call that it takes back.
        undoes: Option<String>,
        /// What counts from now counts from this moment, where it is not the present one.
        at: Option<Millis>,
        /// What people said yes to, where they were asked about the whole.
        agreed: Option<Box<Agreed>>,
    },
}

impl Manner {
    /// The moment that arguments which count from now count from.
    pub(crate) fn at(&self, now: Millis) -> Millis {
        match self {
            Self::Shown { at } | Self::Carried { at: Some(at), .. } => *at,
            Self::Alone | Self::Marked { .. } | Self::Carried { at: None, .. } => now,
        }
    }

    pub(crate) fn is_alone(&self) -> bool {
        matches!(self, Self::Alone | Self::Marked { .. })
    }

    /// What tells a request that was sent again from a new one like it.
    pub(crate) fn mark(&self) -> Option<&str> {
        match self {
            Self::Marked { mark } => Some(mark),
            Self::Alone | Self::Shown { .. } | Self::Carried { .. } => None,
        }
    }

    pub(crate) fn is_shown(&self) -> bool {
        matches!(self, Self::Shown { .. })
    }

    pub(crate) fn is_carried(&self) -> bool {
        matches!(self, Self::Carried { .. })
    }

    /// Whether people may be asked about it: by itself, or in the plan of a whole. One whose turn has
    /// come cannot wait for them.
    pub(crate) fn may_ask(&self) -> bool {
        !self.is_carried()
    }

    pub(crate) fn agreed(&self) -> Option<Agreed> {
        match self {
            Self::Carried { agreed, .. } => agreed.as_deref().cloned(),
            Self::Alone | Self::Marked { .. } | Self::Shown { .. } => None,
        }
    }

    pub(crate) fn whole(&self) -> Option<String> {
        match self {
            Self::Carried { whole, .. } => Some(whole.clone()),
            Self::Alone | Self::Marked { .. } | Self::Shown { .. } => None,
        }
    }

    pub(crate) fn undoes(&self) -> Option<String> {
        match self {
            Self::Carried { undoes, .. } => undoes.clone(),
            Self::Alone | Self::Marked { .. } | Self::Shown { .. } => None,
        }
    }
}
