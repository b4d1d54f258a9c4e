//! The order of the catalog: group by group.

use super::{EventTypeName, GroupName};

/// An event type, and the group that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub name: EventTypeName,
    pub group: GroupName,
}

/// The order of a catalog to which `listed` is added, or in which it replaces what has its
/// names. What is listed comes in the order of the list, in the places that it has; what is
/// new or changes its group comes behind what is listed before it, else at the end. A group
/// stands together, where its first event type stands.
#[must_use]
pub fn order(current: &[Placed], listed: &[Placed]) -> Vec<EventTypeName> {
    let mut list = listed.iter();
    let mut order: Vec<&Placed> = Vec::new();
    for old in current {
        if listed.contains(old) {
            for one in list.by_ref() {
                order.push(one);
                if current.contains(one) {
                    break;
                }
            }
        } else if !listed.iter().any(|one| one.name == old.name) {
            order.push(old);
        }
    }
    order.extend(list);
    let mut groups: Vec<&GroupName> = Vec::new();
    for one in &order {
        if !groups.contains(&&one.group) {
            groups.push(&one.group);
        }
    }
    order.sort_by_key(|one| groups.iter().position(|group| **group == one.group));
    order.into_iter().map(|one| one.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(names: &[&str]) -> Vec<Placed> {
        let one = |text: &&str| {
            let group = text.chars().next().map(String::from).unwrap_or_default();
            Placed { name: format!("x.{text}").parse().unwrap(), group: group.parse().unwrap() }
        };
        names.iter().map(one).collect()
    }

    /// Names begin with their group: `a1` is of the group `a`.
    fn ordered(current: &[&str], listed: &[&str]) -> Vec<String> {
        let order = order(&placed(current), &placed(listed));
        order.iter().map(|name| name.as_str().trim_start_matches("x.").to_owned()).collect()
    }

    #[test]
    fn a_new_one_ends_its_group_and_a_new_group_the_catalog() {
        let current = ["a1", "a2", "b1"];
        assert_eq!(ordered(&current, &["a3"]), ["a1", "a2", "a3", "b1"]);
        assert_eq!(ordered(&current, &["c1"]), ["a1", "a2", "b1", "c1"]);
        assert_eq!(ordered(&[], &["b1", "a1", "b2"]), ["b1", "b2", "a1"]);
    }

    #[test]
    fn what_is_listed_comes_in_the_order_of_the_list() {
        let current = ["a1", "a2", "a3", "b1"];
        assert_eq!(ordered(&current, &["b1", "a3", "a2", "a1"]), ["b1", "a3", "a2", "a1"]);
        assert_eq!(ordered(&current, &["a3", "a1"]), ["a3", "a2", "a1", "b1"], "in their places");
        assert_eq!(ordered(&current, &["a1", "a9", "a2", "a3", "b1"]), ["a1", "a9", "a2", "a3", "b1"]);
        assert_eq!(ordered(&current, &["a2"]), current);
        assert_eq!(ordered(&current, &current), current);
    }

    #[test]
    fn one_that_changes_its_group_ends_the_other_one() {
        let current = placed(&["a1", "b1", "c1"]);
        let moved =
            |group: &str| vec![Placed { name: "x.a1".parse().unwrap(), group: group.parse().unwrap() }];
        let names = |order: Vec<EventTypeName>| order.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(order(&current, &moved("b"))), ["x.b1", "x.a1", "x.c1"]);
        assert_eq!(names(order(&current, &moved("d"))), ["x.b1", "x.c1", "x.a1"]);
    }
}
