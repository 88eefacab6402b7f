// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ILedgerAnchor} from "../../contracts/ILedgerAnchor.sol";
import {Kind, Signer, Signers} from "./Signers.sol";
import {Stories, Story} from "./Stories.sol";
import {Noted, Vow, Watched} from "./Watched.sol";

/// @notice Accusers, with everything that an honest signer ever signed, with what others signed, and with what nobody did.
/// Whether an honest ledger came to be marked is seen by looking at it; what really is a fork must be provable.
abstract contract Accusers is Watched {
    uint64 internal constant SIZE_MAX = 32;

    function accuse(uint256 which, uint256 howA, uint256 howB, uint256 howPath) external watched {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        (ILedgerAnchor.Statement memory a,) = _statement(l, howA);
        (ILedgerAnchor.Statement memory b, Story memory story) = _statement(l, howB);
        bytes32[] memory path = Stories.consistency(story, a.size, b.size, howPath % 3 != 0);
        try ANCHORS.proveFork(l.id, a, b, _spoil(path, howPath >> 8, 2)) {
            done["accuse"]++;
        } catch {
            done["accuse in vain"]++;
        }
    }

    /// @notice With two statements that are one story, and a path that is nearly right.
    function accuseByPath(uint256 which, uint256 sizes, uint256 signers, uint256 how) external watched {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        uint64 from = uint64(1 + sizes % (SIZE_MAX - 1));
        uint64 to = from + 1 + uint64((sizes >> 64) % (SIZE_MAX - from));
        ILedgerAnchor.Statement memory a = _signed(l.id, l.story, from, _signers[l.signers[signers % l.signers.length]]);
        ILedgerAnchor.Statement memory b =
            _signed(l.id, l.story, to, _signers[l.signers[(signers >> 128) % l.signers.length]]);
        bytes32[] memory path = _spoil(Stories.consistency(l.story, from, to, how % 4 != 0), how >> 8, 1);
        try ANCHORS.proveFork(l.id, a, b, path) {
            done["accuseByPath"]++;
        } catch {
            done["accuseByPath in vain"]++;
        }
    }

    function accuseByLeaves(uint256 which, uint256 howA, uint256 howB, uint256 howLeaf) external watched {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        (ILedgerAnchor.Statement memory a, Story memory storyA) = _statement(l, howA);
        (ILedgerAnchor.Statement memory b, Story memory storyB) = _statement(l, howB);
        if (a.size == 0 || b.size == 0) return;
        uint64 index = uint64(howLeaf % (a.size < b.size ? a.size : b.size));
        ILedgerAnchor.Leaf memory leafA = _leaf(storyA, index, a.size);
        // Sometimes the right leaf of another place.
        ILedgerAnchor.Leaf memory leafB = _leaf(storyB, howLeaf % 5 == 0 ? (index + 1) % b.size : index, b.size);
        leafB.path = _spoil(leafB.path, howLeaf >> 8, 3);
        if (howLeaf % 7 == 0) leafB.leafHash = bytes32(howLeaf);
        try ANCHORS.proveForkAt(l.id, index, a, b, leafA, leafB) {
            done["accuseByLeaves"]++;
        } catch {
            done["accuseByLeaves in vain"]++;
        }
    }

    /// @notice A dishonest signer, present or past, signed two stories: anybody can prove it.
    function expose(uint256 which, uint256 sizes, uint256 signers, bool byLeaves) external watched {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        Signer memory first = _signers[l.signers[signers % l.signers.length]];
        Signer memory second = _signers[l.signers[(signers >> 128) % l.signers.length]];
        if (l.isHonest || first.kind != Kind.Key || second.kind != Kind.Key) return;
        uint64 from = uint64(1 + sizes % SIZE_MAX);
        uint64 to = from + uint64((sizes >> 64) % (SIZE_MAX + 1 - from));
        Story memory other = Story(l.story.base ^ 0x80, 0, 0);
        ILedgerAnchor.Statement memory a = _signed(l.id, other, from, first);
        ILedgerAnchor.Statement memory b = _signed(l.id, l.story, to, second);
        if (byLeaves) {
            ANCHORS.proveForkAt(l.id, from - 1, a, b, _leaf(other, from - 1, from), _leaf(l.story, from - 1, to));
        } else {
            ANCHORS.proveFork(l.id, a, b, Stories.consistency(l.story, from, to, true));
        }
        _vow(Vow.SignersAreRemembered, ANCHORS.head(l.id).forked, "a proven fork left no mark");
        done["expose"]++;
    }

    /// @dev A statement of any kind; one that an honest signer signed is of its own story. Also the story it is of.
    function _statement(Noted storage l, uint256 how)
        private
        view
        returns (ILedgerAnchor.Statement memory s, Story memory story)
    {
        story = l.story;
        if ((how >> 8) % 3 == 0) story = Story(l.story.base, 200 + uint8(how >> 16) % 2, uint64((how >> 24) % SIZE_MAX));
        uint64 size = uint64((how >> 32) % (SIZE_MAX + 1));
        Signer memory signer = _signers[l.signers[(how >> 40) % l.signers.length]];
        bool mayBeSigned = !l.isHonest || keccak256(abi.encode(story)) == keccak256(abi.encode(l.story));
        uint256 way = how % 12 < 8 ? how % 12 : 0;
        if (way < 4 && mayBeSigned) return (_signed(l.id, story, size, signer), story);
        s.size = size;
        s.root = Stories.rootOf(story, size);
        // As anchored.
        if (way < 5) return (s, story);
        s.signer = signer.account;
        // Of another ledger, by a stranger, or by nobody.
        Noted storage other = _pick(how >> 48);
        if (way == 5) s.signature = _signed(other.id, l.story, size, signer).signature;
        if (way == 6) s = _signed(l.id, story, size, Signer(Kind.Key, 1 + (how >> 128), signer.account));
        if (way == 7) s.signature = abi.encodePacked(how, how);
    }

    function _signed(bytes32 ledgerId, Story memory story, uint64 size, Signer memory signer)
        private
        view
        returns (ILedgerAnchor.Statement memory s)
    {
        s.size = size;
        s.root = Stories.rootOf(story, size);
        s.signer = signer.account;
        s.signature = Signers.sign(signer.key, ANCHORS.checkpointDigest(ledgerId, size, s.root, 0));
    }

    function _leaf(Story memory story, uint64 index, uint64 size) private pure returns (ILedgerAnchor.Leaf memory) {
        return ILedgerAnchor.Leaf(Stories.leaves(story, size)[index], Stories.inclusion(story, index, size));
    }

    /// @dev A path as it is, or one time in `oneIn` with a node changed, one too many or one too few.
    function _spoil(bytes32[] memory path, uint256 how, uint256 oneIn) internal pure returns (bytes32[] memory spoilt) {
        if (how % oneIn != 0) return path;
        uint256 way = (how >> 8) % 3;
        if (way == 0 && path.length > 0) {
            path[(how >> 16) % path.length] = bytes32(how);
            return path;
        }
        uint256 length = way == 1 && path.length > 0 ? path.length - 1 : path.length + 1;
        spoilt = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) spoilt[i] = i < path.length ? path[i] : bytes32(how);
    }


    function _pick(uint256 which) internal view returns (Noted storage) {
        return _ledgers[which % _ledgers.length];
    }

    function _person(uint256 choice) internal pure returns (address) {
        return address(uint160(0xa11ce000 + choice % 3));
    }
}
