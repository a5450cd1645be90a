//! Tiles and bundles against the examples of C2SP tlog-tiles and the definition.

use crate::naive;
use remit::tree::tile::{
    BundleError, EntryTooLong, LevelTiles, Tile, TileKind, bundle_entries, level_tiles, push_entry,
    tile_bytes, tiles_between,
};
use remit::tree::tiling::{node_in, tile_of};
use remit::tree::{Nodes, PagedTree, Tiling};
use remit_verifier::types::{Hash, TreeSize};

fn tile(level: u8, index: u64, width: u16) -> Tile {
    Tile { kind: TileKind::Level(level), index, width }
}

#[test]
fn paths_are_written_and_read_in_one_way() {
    let entries = |index, width| Tile { kind: TileKind::Entries, index, width };
    for (tile, path) in [
        (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (tile(0, 0, 256), "tile/0/000"),
        (tile(7, 0, 127), "tile/7/000.p/127"),
        (tile(1, 999, 1), "tile/1/999.p/1"),
        (tile(1, 1_000, 255), "tile/1/x001/000.p/255"),
        (entries(1_000_000, 256), "tile/entries/x001/x000/000"),
        (entries(273, 112), "tile/entries/273.p/112"),
        (entries((1 << 55) - 1, 256), "tile/entries/x036/x028/x797/x018/x963/967"),
    ] {
        assert_eq!(tile.to_string(), path);
        assert_eq!(Tile::parse(path), Some(tile));
    }
    for path in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/8/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/xx001/000",
        "tile/0/+01",
        "tile/+0/000",
        "tile/0/x1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/entry/000",
        "tile/0/000 ",
        "tile/entries/x036/x028/x797/x018/x963/968",
        "tile/7/001",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(Tile::parse(path), None, "{path}");
    }
}

#[test]
fn a_size_has_full_tiles_and_at_most_one_partial_tile_a_level() {
    let levels = |size| {
        [0, 1, 2, 3].map(|level| level_tiles(TreeSize(size), level)).map(|tiles| (tiles.full, tiles.partial))
    };
    assert_eq!(levels(70_000), [(273, 112), (1, 17), (0, 1), (0, 0)]);
    assert_eq!(levels(255), [(0, 255), (0, 0), (0, 0), (0, 0)]);
    assert_eq!(levels(256), [(1, 0), (0, 1), (0, 0), (0, 0)]);
    assert_eq!(levels(257), [(1, 1), (0, 1), (0, 0), (0, 0)]);
    assert_eq!(level_tiles(TreeSize(u64::MAX), 8), LevelTiles { full: 0, partial: 0 });
    let new = |from, size| tiles_between(TreeSize(from), TreeSize(size)).collect::<Vec<_>>();
    assert_eq!(new(0, 0), []);
    assert_eq!(new(254, 257), [tile(0, 0, 256), tile(0, 1, 1), tile(1, 0, 1)]);
    assert_eq!(new(257, 258), [tile(0, 1, 2)]);
    assert_eq!(new(257, 257), []);
    assert_eq!(new(0, 70_000).len(), 273 + 1 + 1 + 1 + 1);
}

#[test]
fn tiles_hold_the_complete_nodes_of_their_level() {
    let leaves = naive::leaves(1_000);
    let mut tree = PagedTree::new();
    tree.extend(leaves.iter().copied());
    for (size, tile) in tiles_between(TreeSize(0), tree.size()).map(|tile| (tree.size().0 as usize, tile)) {
        let TileKind::Level(level) = tile.kind else { panic!("only levels are listed") };
        let width = 256usize.pow(u32::from(level));
        let first = tile.index as usize * 256;
        let nodes: Vec<Hash> = (first..first + usize::from(tile.width))
            .map(|node| naive::root(&leaves[node * width..][..width]))
            .collect();
        let expected: Vec<u8> = nodes.iter().flat_map(|node| node.0).collect();
        assert_eq!(tile_bytes(&tree, tile), Some(expected), "{tile} of {size}");
    }
    // The fourth node of level 8 is cut by the right edge (768..1000), so it is in no tile.
    assert_eq!(tile_bytes(&tree, tile(1, 0, 3)).map(|bytes| bytes.len()), Some(96));
    assert!(tree.node(8, 3).is_some());
    assert_eq!(tile_bytes(&tree, tile(1, 0, 4)), None);
    assert_eq!(tile_bytes(&tree, tile(0, 3, 232)).map(|bytes| bytes.len()), Some(232 * 32));
    assert_eq!(tile_bytes(&tree, tile(0, 3, 233)), None);
    assert_eq!(tile_bytes(&tree, Tile { kind: TileKind::Entries, index: 0, width: 1 }), None);
}

/// Tiles that are made as leaves come are those of the whole tree, whenever one begins and ends.
#[test]
fn tiles_are_made_as_leaves_come() {
    let leaves = naive::leaves(1_300);
    let (mut tiling, mut tree) = (Tiling::new(), PagedTree::new());
    let mut made = std::collections::BTreeMap::new();
    for (size, leaf) in (1..).zip(&leaves) {
        tree.extend([*leaf]);
        let full = |tile, bytes| made.insert(tile, bytes).map_or(Ok(()), |_| Err("made twice"));
        tiling.push(*leaf, full).expect("kept");
        if size % 37 == 0 || size % 256 < 3 {
            assert_eq!((tiling.size(), tiling.root()), (TreeSize(size), tree.root()));
            let partial: std::collections::BTreeMap<_, _> = tiling.partial().collect();
            for tile in tiles_between(TreeSize(0), TreeSize(size)) {
                let kept = made.get(&tile).or_else(|| partial.get(&tile)).cloned();
                assert_eq!(kept, tile_bytes(&tree, tile), "{tile} at {size}");
            }
            let count = tiles_between(TreeSize(0), TreeSize(size)).count();
            assert_eq!(made.len() + partial.len(), count, "at {size}");
        }
        if size % 256 == 0 {
            let hashes = |tile| {
                let bytes = tile_bytes(&tree, tile).expect("a tile");
                let hashes = bytes.chunks(32).map(|hash| Hash(hash.try_into().expect("32 bytes")));
                Ok::<_, ()>(Some(hashes.collect()))
            };
            assert_eq!(Tiling::from_partial(TreeSize(size), hashes), Ok(Some(tiling.clone())));
            let none = Tiling::from_partial(TreeSize(size), |_| Ok::<_, ()>(None));
            assert_eq!(none, Ok(None), "a row is missing");
            assert_eq!(Tiling::from_partial(TreeSize(size + 1), hashes), Ok(None), "not at a full tile");
        }
    }
    assert_eq!(Tiling::new().root(), remit_verifier::hash::EMPTY_ROOT);
    // Every complete node is found in the tile that is named for it.
    for level in 0..11 {
        for index in 0..=1_300 >> level {
            let complete = (index + 1) << level <= 1_300;
            let found = tile_of(level, index, TreeSize(1_300)).and_then(|tile| {
                let bytes = tile_bytes(&tree, tile).expect("a tile");
                let hashes: Vec<_> = bytes.chunks(32).map(|one| Hash(one.try_into().expect("32"))).collect();
                node_in(level, index, &hashes)
            });
            assert_eq!(found, complete.then(|| tree.node(level, index).expect("a node")), "{level} {index}");
        }
    }
}

#[test]
fn bundles_hold_entries_up_to_the_largest_length() {
    let entries = [vec![], vec![7; 65_535], b"remit".to_vec()];
    let mut bundle = Vec::new();
    entries.iter().for_each(|entry| push_entry(&mut bundle, entry).expect("within the length"));
    assert_eq!(bundle[..5], [0, 0, 0xff, 0xff, 7]);
    assert_eq!(bundle.len(), 3 * 2 + 65_535 + 5);
    let before = bundle.clone();
    assert_eq!(push_entry(&mut bundle, &[0; 65_536]), Err(EntryTooLong { bytes: 65_536 }));
    assert_eq!(bundle, before);
    assert_eq!(bundle_entries(&bundle, 3).expect("three entries"), entries);
    assert_eq!(bundle_entries(&bundle, 4), Err(BundleError::Truncated { entries: 3 }));
    assert_eq!(bundle_entries(&bundle[..bundle.len() - 1], 3), Err(BundleError::Truncated { entries: 2 }));
    assert_eq!(bundle_entries(&bundle, 2), Err(BundleError::Trailing { bytes: 7 }));
    assert_eq!(bundle_entries(&[0], 1), Err(BundleError::Truncated { entries: 0 }));
}
