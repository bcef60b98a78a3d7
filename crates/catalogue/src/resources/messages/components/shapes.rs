//! The table of components: kinds, their fields, and what each field may hold.
//! Source: Discord documentation, *Component Reference*.

use crate::limits;

pub(super) const ACTION_ROW: u64 = 1;
pub(super) const BUTTON: u64 = 2;
const STRING_SELECT: u64 = 3;
pub(super) const SELECTS: &[u64] = &[3, 5, 6, 7, 8];
const IN_ROWS: &[u64] = &[2, 3, 5, 6, 7, 8];
pub(super) const TEXT_DISPLAY: u64 = 10;
const IN_CONTAINERS: &[u64] = &[1, 9, 10, 12, 13, 14];
pub(super) const TOP: &[u64] = &[1, 9, 10, 12, 13, 14, 17];

/// One kind of component.
pub(super) struct Shape {
    pub(super) kind: u64,
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) rule: Rule,
    pub(super) required: bool,
}

pub(super) enum Rule {
    Text(usize),
    Integer(u64, u64),
    Flag,
    /// A link, or a file of the same message.
    Media,
    /// Only a file of the same message.
    OwnFile,
    Link(usize),
    Id,
    Fields(&'static [Field]),
    ListOf(usize, usize, &'static [Field]),
    Integers(usize),
    Children(usize, usize, &'static [u64]),
    Child(&'static [u64]),
}

const fn must(name: &'static str, rule: Rule) -> Field {
    Field {
        name,
        rule,
        required: true,
    }
}

const fn may(name: &'static str, rule: Rule) -> Field {
    Field {
        name,
        rule,
        required: false,
    }
}

const EMOJI: &[Field] = &[
    may("id", Rule::Id),
    may("name", Rule::Text(limits::EMOJI)),
    may("animated", Rule::Flag),
];
const MEDIA: &[Field] = &[must("url", Rule::Media)];
const OWN_FILE: &[Field] = &[must("url", Rule::OwnFile)];
const OPTION: &[Field] = &[
    must("label", Rule::Text(limits::SELECT_TEXT)),
    must("value", Rule::Text(limits::SELECT_TEXT)),
    may("description", Rule::Text(limits::SELECT_TEXT)),
    may("emoji", Rule::Fields(EMOJI)),
    may("default", Rule::Flag),
];
const DEFAULT_VALUE: &[Field] = &[must("id", Rule::Id), must("type", Rule::Text(7))];
const GALLERY_ITEM: &[Field] = &[
    must("media", Rule::Fields(MEDIA)),
    may("description", Rule::Text(limits::FILE_DESCRIPTION)),
    may("spoiler", Rule::Flag),
];
const AUTO_SELECT: &[Field] = &[
    must("custom_id", Rule::Text(limits::CUSTOM_ID)),
    may("placeholder", Rule::Text(limits::SELECT_PLACEHOLDER)),
    may(
        "min_values",
        Rule::Integer(0, limits::SELECT_OPTIONS as u64),
    ),
    may(
        "max_values",
        Rule::Integer(1, limits::SELECT_OPTIONS as u64),
    ),
    may(
        "default_values",
        Rule::ListOf(1, limits::SELECT_OPTIONS, DEFAULT_VALUE),
    ),
    may("disabled", Rule::Flag),
];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        kind: ACTION_ROW,
        name: "action row",
        fields: &[must(
            "components",
            Rule::Children(1, limits::ROW_BUTTONS, IN_ROWS),
        )],
    },
    Shape {
        kind: BUTTON,
        name: "button",
        fields: &[
            must("style", Rule::Integer(1, 6)),
            may("label", Rule::Text(limits::BUTTON_LABEL)),
            may("emoji", Rule::Fields(EMOJI)),
            may("custom_id", Rule::Text(limits::CUSTOM_ID)),
            may("url", Rule::Link(limits::BUTTON_URL)),
            may("sku_id", Rule::Id),
            may("disabled", Rule::Flag),
        ],
    },
    Shape {
        kind: STRING_SELECT,
        name: "string select",
        fields: &[
            must("custom_id", Rule::Text(limits::CUSTOM_ID)),
            must("options", Rule::ListOf(1, limits::SELECT_OPTIONS, OPTION)),
            may("placeholder", Rule::Text(limits::SELECT_PLACEHOLDER)),
            may(
                "min_values",
                Rule::Integer(0, limits::SELECT_OPTIONS as u64),
            ),
            may(
                "max_values",
                Rule::Integer(1, limits::SELECT_OPTIONS as u64),
            ),
            may("disabled", Rule::Flag),
        ],
    },
    Shape {
        kind: 5,
        name: "user select",
        fields: AUTO_SELECT,
    },
    Shape {
        kind: 6,
        name: "role select",
        fields: AUTO_SELECT,
    },
    Shape {
        kind: 7,
        name: "mentionable select",
        fields: AUTO_SELECT,
    },
    Shape {
        kind: 8,
        name: "channel select",
        fields: &[
            must("custom_id", Rule::Text(limits::CUSTOM_ID)),
            may("channel_types", Rule::Integers(15)),
            may("placeholder", Rule::Text(limits::SELECT_PLACEHOLDER)),
            may(
                "min_values",
                Rule::Integer(0, limits::SELECT_OPTIONS as u64),
            ),
            may(
                "max_values",
                Rule::Integer(1, limits::SELECT_OPTIONS as u64),
            ),
            may(
                "default_values",
                Rule::ListOf(1, limits::SELECT_OPTIONS, DEFAULT_VALUE),
            ),
            may("disabled", Rule::Flag),
        ],
    },
    Shape {
        kind: 9,
        name: "section",
        fields: &[
            must(
                "components",
                Rule::Children(1, limits::SECTION_TEXTS, &[TEXT_DISPLAY]),
            ),
            must("accessory", Rule::Child(&[BUTTON, 11])),
        ],
    },
    Shape {
        kind: TEXT_DISPLAY,
        name: "text display",
        fields: &[must("content", Rule::Text(limits::COMPONENT_TEXT))],
    },
    Shape {
        kind: 11,
        name: "thumbnail",
        fields: GALLERY_ITEM,
    },
    Shape {
        kind: 12,
        name: "media gallery",
        fields: &[must(
            "items",
            Rule::ListOf(1, limits::GALLERY_ITEMS, GALLERY_ITEM),
        )],
    },
    Shape {
        kind: 13,
        name: "file",
        fields: &[
            must("file", Rule::Fields(OWN_FILE)),
            may("spoiler", Rule::Flag),
        ],
    },
    Shape {
        kind: 14,
        name: "separator",
        fields: &[
            may("divider", Rule::Flag),
            may("spacing", Rule::Integer(1, 2)),
        ],
    },
    Shape {
        kind: 17,
        name: "container",
        fields: &[
            must(
                "components",
                Rule::Children(1, limits::COMPONENTS, IN_CONTAINERS),
            ),
            may("accent_color", Rule::Integer(0, limits::COLOR as u64)),
            may("spoiler", Rule::Flag),
        ],
    },
];
