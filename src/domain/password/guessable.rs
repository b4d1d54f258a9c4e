//! Which passwords are guessed before any searching begins (S2).

use std::{collections::HashSet, sync::LazyLock};

use super::PasswordContext;

/// This many digits and signs about a common word do not make it a rare one.
const MAX_LOOSE: usize = 6;
/// This many characters must be left when the words of the context are taken out.
const MIN_OWN_CHARS: usize = 8;
/// A pattern of this many characters does not get better by repeating it.
const MAX_UNIT: usize = 4;
/// Shorter runs happen by chance, and within words.
const MIN_RUN: usize = 3;

/// Common passwords in lower case; THIRD-PARTY.md says where they are from.
static LISTED: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().collect());

/// The longest listed word that is looked for within a password, in characters.
const MAX_WORD: usize = 32;
const MIN_WORD: usize = 4;

/// Keys and letters next to each other. Both directions count; digits go round.
const ROWS: [&str; 9] = [
    "12345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
];
/// The keys of one column, without the digit.
const COLUMNS: &str = "qazwsxedcrfvtgbyhnujmik,ol.p;/";

/// Whether a password is a listed one, or a listed one or a pattern in thin disguise.
pub(super) fn is_common(text: &str) -> bool {
    let text = text.to_lowercase();
    let letters: String = text.chars().filter(|&c| !is_loose(c)).collect();
    let loose = text.chars().count() - letters.chars().count();
    is_listed(&text)
        || is_repeated(&text)
        || (loose <= MAX_LOOSE && is_repeated(&letters))
        || is_disguised(&text)
}

/// Whether too little is left of a password without what is known of its owner and the place.
pub(super) fn is_built_from(text: &str, context: &PasswordContext<'_>) -> bool {
    let mut own = text.to_lowercase();
    for word in words(context) {
        own = own.replace(&word, "");
    }
    let something_was_taken_out = own.chars().count() < text.to_lowercase().chars().count();
    something_was_taken_out && (own.chars().count() < MIN_OWN_CHARS || is_common(&own))
}

/// The words of the context in lower case, the longest first, since it may hold shorter ones.
fn words(context: &PasswordContext<'_>) -> Vec<String> {
    let email = context.email.to_lowercase();
    let platform = context.platform.to_lowercase();
    let name = context.name.to_lowercase();
    let (local, domain) = email.split_once('@').unwrap_or((&email, ""));
    let labels = domain.rsplit_once('.').map_or(domain, |(labels, _top)| labels);
    let parts = [&platform, &name, local, labels]
        .into_iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() >= 4);
    let wholes = [&email, domain, local, &platform, &name];
    let joined = [&platform, &name].map(|text| text.split_whitespace().collect::<String>());
    let mut words: Vec<String> = wholes
        .into_iter()
        .chain(parts)
        .chain(joined.iter().map(String::as_str))
        .filter(|word| word.chars().count() >= 3)
        .map(str::to_owned)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// A digit, a sign or white space: what people put about a word.
fn is_loose(c: char) -> bool {
    c.is_numeric() || c.is_whitespace() || c.is_ascii_punctuation()
}

/// Listed, also when letters were written as digits and signs.
fn is_listed(word: &str) -> bool {
    let plain = |c| match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    LISTED.contains(word) || LISTED.contains(word.chars().map(plain).collect::<String>().as_str())
}

/// A short or common beginning, over and over; the last time perhaps in part.
fn is_repeated(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=chars.len() / 2).any(|period| {
        let Some((unit, rest)) = chars.split_at_checked(period) else {
            return false;
        };
        let repeats = rest.iter().zip(&chars).all(|(later, earlier)| later == earlier);
        let unit: String = unit.iter().collect();
        repeats && (period <= MAX_UNIT || is_listed(unit.trim_matches(is_loose)) || is_run(&unit))
    })
}

/// At most one listed word, with nothing about it but runs of neighbouring keys and a few
/// digits or signs.
fn is_disguised(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    // For every place in the text: the fewest loose characters with which one gets there,
    // without a listed word and with one.
    let mut fewest = vec![[None::<usize>; 2]; chars.len() + 1];
    if let Some(start) = fewest.first_mut() {
        *start = [Some(0), None];
    }
    for at in 0..chars.len() {
        let (Some(rest), Some(&here)) = (chars.get(at..), fewest.get(at)) else {
            break;
        };
        if here == [None, None] {
            continue;
        }
        for (length, step) in steps(rest) {
            let Some(there) = fewest.get_mut(at + length) else {
                continue;
            };
            let [no_word, with_word] = there;
            let [no_word_here, with_word_here] = here;
            match step {
                Step::Loose => {
                    reach(no_word, no_word_here.map(|count| count + 1));
                    reach(with_word, with_word_here.map(|count| count + 1));
                }
                Step::Run => {
                    reach(no_word, no_word_here);
                    reach(with_word, with_word_here);
                }
                Step::Word => reach(with_word, no_word_here),
            }
        }
    }
    fewest.last().is_some_and(|end| end.iter().flatten().any(|&count| count <= MAX_LOOSE))
}

#[derive(Clone, Copy)]
enum Step {
    Loose,
    Run,
    Word,
}

/// Keeps the smaller number of loose characters; more than are allowed lead nowhere.
fn reach(place: &mut Option<usize>, count: Option<usize>) {
    if let Some(count) = count.filter(|&count| count <= MAX_LOOSE) {
        *place = Some(place.map_or(count, |before| before.min(count)));
    }
}

/// What the text may begin with, and how many characters that takes.
fn steps(rest: &[char]) -> Vec<(usize, Step)> {
    let mut steps = Vec::new();
    if rest.first().is_some_and(|&c| is_loose(c)) {
        steps.push((1, Step::Loose));
    }
    let mut word = String::new();
    let mut may_run = true;
    for (index, &c) in rest.iter().enumerate().take(MAX_WORD) {
        let length = index + 1;
        word.push(c);
        may_run = may_run && (length < MIN_RUN || is_run(&word));
        if may_run && length >= MIN_RUN {
            steps.push((length, Step::Run));
        }
        if length >= MIN_WORD && is_listed(&word) {
            steps.push((length, Step::Word));
        }
    }
    steps
}

/// Neighbouring keys or letters, forwards or backwards, or one character again and again.
fn is_run(text: &str) -> bool {
    let backwards: String = text.chars().rev().collect();
    let mut chars = text.chars();
    let first = chars.next();
    chars.all(|c| Some(c) == first)
        || ROWS.iter().chain([&COLUMNS]).any(|row| row.contains(text) || row.contains(&backwards))
}
