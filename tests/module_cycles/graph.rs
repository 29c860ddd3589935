//! Which file imports which, and the circles among them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::modules::{Module, Modules};

/// Imported names by importing and defining file.
pub(crate) struct Graph<'a>(BTreeMap<&'a Path, BTreeMap<&'a Path, BTreeSet<String>>>);

impl<'a> Graph<'a> {
    pub(crate) fn of(modules: &'a Modules) -> Self {
        let scope = Scope(&modules.0);
        let mut graph = Self(BTreeMap::new());
        for (number, module) in modules.0.iter().enumerate() {
            let mentioned = module
                .mentions
                .iter()
                .filter_map(|path| scope.resolve(number, path));
            let imported = module.imports.iter().filter_map(|import| {
                let found = scope.resolve(number, &import.path)?;
                let is_of_child = scope.is_below(found.module, number);
                (!import.is_reexport || !is_of_child).then_some(found)
            });
            for found in mentioned.chain(imported) {
                let file = &modules.0[found.module].file;
                // Towards the rest of the crate a module and its children are one.
                let is_of_parent = scope.is_below(number, found.module);
                if let (Some(name), false) = (found.name, is_of_parent || *file == module.file) {
                    let targets = graph.0.entry(&module.file).or_default();
                    targets.entry(file).or_default().insert(name);
                }
            }
        }
        graph
    }

    /// A description of each circle; paths are shown below `folder`.
    pub(crate) fn circles(&self, folder: &Path) -> String {
        let reached: BTreeMap<&Path, BTreeSet<&Path>> = self
            .0
            .keys()
            .map(|&file| (file, self.reached_from(file)))
            .collect();
        let shown = |file: &Path| {
            file.strip_prefix(folder)
                .unwrap_or(file)
                .display()
                .to_string()
        };
        let mut described = BTreeSet::new();
        let mut text = String::new();
        for (&file, reach) in &reached {
            if described.contains(file) || !reach.contains(file) {
                continue;
            }
            let is_in_circle =
                |other: &&Path| reached.get(other).is_some_and(|back| back.contains(file));
            let circle: BTreeSet<&Path> = reach.iter().copied().filter(is_in_circle).collect();
            let _ = writeln!(text, "an import circle of {} files", circle.len());
            for from in &circle {
                for (to, names) in self.0[from].iter().filter(|(to, _)| circle.contains(*to)) {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let (from, to) = (shown(from), shown(to));
                    let _ = writeln!(text, "  {from} imports {} from {to}", names.join(", "));
                }
            }
            described.extend(circle);
        }
        text
    }

    fn reached_from(&self, start: &Path) -> BTreeSet<&'a Path> {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(file) = open.pop() {
            for &next in self.0.get(file).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        reached
    }
}

/// An item, or a module if there is no name.
struct Found {
    module: usize,
    name: Option<String>,
}

/// The modules and names whose imports are being followed.
type Seen = HashSet<(usize, String)>;

struct Scope<'a>(&'a [Module]);

impl Scope<'_> {
    /// Where a path leads from a module; `None` out of the crate.
    fn resolve(&self, from: usize, path: &[String]) -> Option<Found> {
        self.walk(from, path, true, &mut HashSet::new())
    }

    /// The first name of a path may be one of the module's own, or of an import.
    fn walk(&self, from: usize, path: &[String], is_first: bool, seen: &mut Seen) -> Option<Found> {
        let module = &self.0[from];
        let Some((name, rest)) = path.split_first() else {
            return Some(Found {
                module: from,
                name: None,
            });
        };
        match name.as_str() {
            "crate" if is_first => return self.walk(0, rest, false, seen),
            "self" => return self.walk(from, rest, false, seen),
            "super" => return self.walk(module.parent?, rest, false, seen),
            _ => {}
        }
        // An item and a module may share a name: the module is meant where the path goes on.
        let child = module.children.get(name);
        if let (Some(&child), false) = (child, rest.is_empty()) {
            return self.walk(child, rest, false, seen);
        }
        if module.items.contains(name) {
            return Some(Found {
                module: from,
                name: Some(name.clone()),
            });
        }
        let imported = seen
            .insert((from, name.clone()))
            .then(|| self.imported(from, path, seen));
        imported
            .flatten()
            .or_else(|| self.walk(*child?, rest, false, seen))
    }

    /// As [`Self::walk`], by the imports of a module.
    fn imported(&self, from: usize, path: &[String], seen: &mut Seen) -> Option<Found> {
        let imports = self.0[from].imports.iter();
        let named = imports
            .clone()
            .filter(|import| import.name.as_ref() == path.first());
        for import in named {
            let whole = [&import.path, &path[1..]].concat();
            let found = self.walk(from, &whole, true, seen);
            if found.is_some() {
                return found;
            }
        }
        imports
            .filter(|import| import.name.is_none())
            .find_map(|import| {
                let all = self.walk(from, &import.path, true, seen)?;
                let is_module = all.name.is_none();
                is_module.then(|| self.walk(all.module, path, false, seen))?
            })
    }

    fn is_below(&self, module: usize, ancestor: usize) -> bool {
        let mut parents = std::iter::successors(Some(module), |&module| self.0[module].parent);
        parents.any(|parent| parent == ancestor)
    }
}
