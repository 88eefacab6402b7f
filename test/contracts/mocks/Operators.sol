// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ILedgerAnchor} from "../../../contracts/ILedgerAnchor.sol";
import {ReferenceLog} from "./ReferenceLog.sol";
import {deployLedgerAnchor, VM} from "./Vm.sol";

/// @notice Random operators, honest and not, strangers and accusers at one contract. Each action says what must come of it
/// and fails when something else does; what is taken is noted, for the invariants to compare with.
contract Operators {
    uint256 private constant LEDGERS_MAX = 6;
    uint256 private constant SIZE_MAX = 48;

    struct Noted {
        bytes32 id;
        uint256 seed; // of the one log that an honest operator signs statements of
        bool honest;
        address owner;
        uint256[] keys; // of all signers, the present one last
        uint64 size;
        uint64 count;
        bool forked;
        bool superseded;
    }

    struct NotedRoot {
        bytes32 ledgerId;
        uint64 size;
        bytes32 root;
    }

    ILedgerAnchor public immutable ANCHORS = deployLedgerAnchor();
    Noted[] private _ledgers;
    NotedRoot[] private _roots;
    /// @notice How often an action of each kind came to its end, so that a test can see that all of them do.
    mapping(bytes32 action => uint256) public done;

    function ledgers() external view returns (Noted[] memory) {
        return _ledgers;
    }

    function roots() external view returns (NotedRoot[] memory) {
        return _roots;
    }

    /// @notice A new ledger; every third one has an operator who is not honest.
    function open(uint256 seed) external {
        if (_ledgers.length == LEDGERS_MAX) return;
        uint256 n = _ledgers.length;
        address owner = address(uint160(0x1000 + seed % 3));
        uint256 key = _key(seed, n);
        VM.prank(owner);
        bytes32 id = ANCHORS.open(bytes32(n), VM.addr(key));
        _ledgers.push();
        Noted storage l = _ledgers[n];
        (l.id, l.seed, l.honest, l.owner) = (id, n, n % 3 != 2, owner);
        l.keys.push(key);
        done["open"]++;
    }

    /// @notice The operator anchors more of the log. It is taken unless the ledger is superseded.
    function anchor(uint256 which, uint256 growth, uint256 time) external {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        uint64 size = l.size + 1 + uint64(growth % 7);
        if (size > SIZE_MAX) return;
        VM.warp(1_790_000_000 + time % 1e9);
        bytes32 root = ReferenceLog.root(l.seed, 0, size);
        bytes32[] memory proof = ReferenceLog.proof(l.seed, l.size, size, false);
        bool taken = _anchor(l, l.size, size, root, _signerOf(l), proof);
        require(taken != l.superseded, "an honest anchor is taken until the ledger is superseded");
        if (!taken) return;
        (l.size, l.count) = (size, l.count + 1);
        _roots.push(NotedRoot(l.id, size, root));
        done["anchor"]++;
    }

    /// @notice Anybody brings a checkpoint that somebody else's key signed, or a past signer's. It is never taken.
    function anchorByStranger(uint256 which, uint256 key, bool past) external {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        key = past ? l.keys[key % l.keys.length] : _key(key, 1 << 128);
        if (VM.addr(key) == VM.addr(_signerOf(l))) return;
        uint64 size = l.size + 1;
        bytes32[] memory proof = ReferenceLog.proof(l.seed, l.size, size, false);
        bool taken = _anchor(l, l.size, size, ReferenceLog.root(l.seed, 0, size), key, proof);
        require(!taken, "a stranger's signature was accepted");
        done["anchorByStranger"]++;
    }

    /// @notice The signer itself tries to rewrite, to shrink, or to start elsewhere. It is never taken.
    function anchorRewritten(uint256 which, uint256 way, uint256 growth) external {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        if (l.size == 0) return;
        uint64 size = l.size + 1 + uint64(growth % 7);
        uint256 forged = l.seed + 1 + LEDGERS_MAX;
        uint64 prev = l.size;
        bytes32 root = ReferenceLog.root(l.seed, 0, size);
        bytes32[] memory proof = ReferenceLog.proof(l.seed, prev, size, false);
        if (way % 4 == 0) root = ReferenceLog.root(forged, 0, size);
        if (way % 4 == 1) (root, proof) = (ReferenceLog.root(forged, 0, size), ReferenceLog.proof(forged, prev, size, false));
        if (way % 4 == 2) (size, root) = (l.size, ReferenceLog.root(forged, 0, l.size));
        if (way % 4 == 3) (prev, proof) = (prev - 1, ReferenceLog.proof(l.seed, prev - 1, size, false));
        require(!_anchor(l, prev, size, root, _signerOf(l), proof), "a rewritten ledger was taken");
        done["anchorRewritten"]++;
    }

    /// @notice The owner replaces the signer; anybody else is refused.
    function rotate(uint256 which, uint256 key, bool stranger) external {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        // Keys of the operator's own, so that no honest ledger is accused by another's signer.
        uint256 next = _key(key, l.seed);
        if (VM.addr(next) == VM.addr(_signerOf(l))) return;
        VM.prank(stranger ? address(0xbad) : l.owner);
        try ANCHORS.rotateSigner(l.id, VM.addr(next)) {
            require(!stranger, "a stranger rotated the signer");
            l.keys.push(next);
            done["rotate"]++;
        } catch {
            require(stranger, "the owner could not rotate the signer");
        }
    }

    /// @notice Ownership is offered, tried by a stranger, and accepted.
    function handOn(uint256 which, uint256 to) external {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        address next = address(uint160(0x1000 + to % 3));
        VM.prank(l.owner);
        ANCHORS.transferOwnership(l.id, next);
        VM.prank(address(0xbad));
        try ANCHORS.acceptOwnership(l.id) {
            revert("a stranger took a ledger over");
        } catch {
            require(ANCHORS.ledger(l.id).owner == l.owner, "an offer changed the owner");
        }
        VM.prank(next);
        ANCHORS.acceptOwnership(l.id);
        l.owner = next;
        done["handOn"]++;
    }

    /// @notice The owner names a successor, which is taken exactly when the rules of the interface say so.
    function nameSuccessor(uint256 which, uint256 next) external {
        // Rarely, because it ends a ledger.
        if (_ledgers.length < 4 || next % 8 != 0) return;
        Noted storage l = _pick(which);
        Noted storage s = _pick(next / 8);
        bool allowed = !l.superseded && !s.superseded && l.id != s.id && l.owner == s.owner;
        VM.prank(l.owner);
        try ANCHORS.nameSuccessor(l.id, s.id) {
            require(allowed, "a successor was named against the rules");
            l.superseded = true;
            done["nameSuccessor"]++;
        } catch {
            require(!allowed, "a successor was refused against the rules");
        }
    }

    /// @notice An accuser uses everything that an honest operator ever signed or anchored, with any proof. No fork comes of it.
    function accuse(uint256 which, uint256 sizes, uint256 signers, uint256 way, bytes32 junk) external {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        if (!l.honest || l.size == 0) return;
        uint64 from = uint64(1 + (sizes & 0xffff) % l.size);
        uint64 to = from + uint64((sizes >> 16) % (SIZE_MAX - from));
        ILedgerAnchor.Statement memory a = _statement(l, from, signers, l.seed);
        ILedgerAnchor.Statement memory b = _statement(l, to, signers >> 128, l.seed);
        bytes32[] memory path = ReferenceLog.proof(l.seed, from, to, way % 2 == 0);
        if (way % 4 > 1 && path.length > 0) path[uint256(junk) % path.length] = junk;
        try ANCHORS.proveFork(l.id, a, b, path) {
            revert("an honest ledger was marked as forked");
        } catch {
            done["accuse"]++;
        }
        uint64 index = uint64((sizes >> 32) % from);
        ILedgerAnchor.Leaf memory leafA = _leaf(l.seed, index, from);
        ILedgerAnchor.Leaf memory leafB = _leaf(l.seed, way % 3 == 0 ? (index + 1) % to : index, to);
        if (way % 5 == 0) leafB.leafHash = junk;
        try ANCHORS.proveForkAt(l.id, index, a, b, leafA, leafB) {
            revert("an honest ledger was marked as forked by its leaves");
        } catch {
            done["accuseByLeaves"]++;
        }
    }

    /// @notice A dishonest operator signs a second story, with any of its keys; anybody proves it.
    function fork(uint256 which, uint256 sizes, uint256 signers, uint256 way) external {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        if (l.honest) return;
        uint64 from = uint64(1 + (sizes & 0xffff) % SIZE_MAX);
        uint64 to = way % 3 == 0 ? from : from + uint64((sizes >> 16) % (SIZE_MAX + 1 - from));
        uint256 other = l.seed + 1 + LEDGERS_MAX;
        // Only what is signed: the second story is anchored nowhere.
        ILedgerAnchor.Statement memory a = _statement(l, from, signers | 1, other);
        ILedgerAnchor.Statement memory b = _statement(l, to, signers >> 128, l.seed);
        if (way % 3 == 2) {
            uint64 index = uint64((sizes >> 32) % from);
            ANCHORS.proveForkAt(l.id, index, a, b, _leaf(other, index, from), _leaf(l.seed, index, to));
        } else {
            ANCHORS.proveFork(l.id, a, b, ReferenceLog.proof(l.seed, from, to, true));
        }
        l.forked = true;
        done["fork"]++;
    }

    function _pick(uint256 which) private view returns (Noted storage) {
        return _ledgers[which % _ledgers.length];
    }

    /// @dev A few keys for each owner of keys, so that they come up again.
    function _key(uint256 seed, uint256 holder) private pure returns (uint256) {
        return 1 + (uint256(keccak256(abi.encode(holder, seed % 4))) >> 8);
    }

    function _signerOf(Noted storage l) private view returns (uint256) {
        return l.keys[l.keys.length - 1];
    }

    function _anchor(Noted storage l, uint64 prev, uint64 size, bytes32 root, uint256 key, bytes32[] memory proof)
        private
        returns (bool)
    {
        uint64 signedAt = uint64(block.timestamp);
        bytes memory signature = _sign(key, ANCHORS.checkpointDigest(l.id, size, root, signedAt));
        try ANCHORS.anchor(l.id, prev, size, root, signedAt, signature, proof) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev Anchored, when it is and the choice is even; otherwise signed by one of all the signers.
    function _statement(Noted storage l, uint64 size, uint256 choice, uint256 seed)
        private
        view
        returns (ILedgerAnchor.Statement memory s)
    {
        s.size = size;
        s.root = ReferenceLog.root(seed, 0, size);
        if (choice % 2 == 0 && ANCHORS.rootAt(l.id, size) == s.root) return s;
        uint256 key = l.keys[(choice >> 1) % l.keys.length];
        s.signer = VM.addr(key);
        s.signature = _sign(key, ANCHORS.checkpointDigest(l.id, size, s.root, s.signedAt));
    }

    function _leaf(uint256 seed, uint64 index, uint64 size) private pure returns (ILedgerAnchor.Leaf memory) {
        return ILedgerAnchor.Leaf(ReferenceLog.leaf(seed, index), ReferenceLog.path(seed, index, size));
    }

    function _sign(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
