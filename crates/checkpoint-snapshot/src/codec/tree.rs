//! The names that were met while encoding, as a tree: a struct leads from the root by its own name and then by those of
//! its fields to its shape. With that the shape of the next one is found in a few comparisons of pointers.

#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The nodes at which something ends, in the order in which that was first met.
    ends: Vec<usize>,
}

#[derive(Debug, Default)]
struct Node {
    name: &'static str,
    parent: usize,
    children: Vec<(&'static str, usize)>,
    number: Option<usize>,
}

/// Where all begin.
pub(super) const ROOT: usize = 0;

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], ends: Vec::new() }
    }
}

impl Tree {
    /// The node below `node` with this name.
    #[inline]
    pub(super) fn child(&mut self, node: usize, name: &'static str) -> usize {
        match self.nodes[node].children.iter().find(|(known, _)| std::ptr::eq(*known, name)) {
            Some((_, child)) => *child,
            None => self.equal_child(node, name),
        }
    }

    /// The compiler may keep a name more than once.
    fn equal_child(&mut self, node: usize, name: &'static str) -> usize {
        if let Some((_, child)) = self.nodes[node].children.iter().find(|(known, _)| *known == name) {
            return *child;
        }
        let child = self.nodes.len();
        self.nodes.push(Node { name, parent: node, ..Node::default() });
        self.nodes[node].children.push((name, child));
        child
    }

    /// The number of what ends here: they are counted from 0 on, in the order in which they are met.
    #[inline]
    pub(super) fn number(&mut self, node: usize) -> usize {
        if let Some(number) = self.nodes[node].number {
            return number;
        }
        let number = self.ends.len();
        self.ends.push(node);
        self.nodes[node].number = Some(number);
        number
    }

    /// The names that lead to each end, in the order of their numbers.
    pub(super) fn paths(&self) -> impl ExactSizeIterator<Item = Vec<&'static str>> {
        self.ends.iter().map(|end| {
            let mut names = Vec::new();
            let mut node = *end;
            while node != ROOT {
                names.push(self.nodes[node].name);
                node = self.nodes[node].parent;
            }
            names.reverse();
            names
        })
    }
}
