// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ILedgerAnchor} from "../../contracts/ILedgerAnchor.sol";
import {deployAnchors} from "./Foundry.sol";
import {Signer} from "./Signers.sol";
import {Stories, Story} from "./Stories.sol";

/// @notice What the contract promises, whoever calls, signs, rotates, meddles or burns gas.
enum Vow {
    HeadsOnlyGrow,
    RootsStay,
    WhatFollowsExtends,
    OnlyLiarsAreForked,
    OnlyTheSignerAnchors,
    TheSignerIsServed,
    GasIsNoReason,
    SignersAreRemembered,
    OnlyOwnersManage,
    SuccessorsEnd
}

/// @notice A ledger as it must be, by what was done to it so far.
struct Noted {
    bytes32 id;
    Story story; // what its honest signers sign
    bool isHonest; // no signer that it ever had signed another story, or says yes to one
    bool isLying; // a signer says yes to anything, so the roots may be anybody's
    address owner;
    address pendingOwner;
    bytes32 successor;
    uint256[] signers; // all that it ever had, the present one last
    uint64 size;
    bytes32 root;
    uint64 count;
    bool isForked;
}

/// @notice Looks at every ledger after every action, and notes the first breach of each promise.
abstract contract Watched {
    struct NotedRoot {
        bytes32 ledgerId;
        uint64 size;
        bytes32 root;
    }

    ILedgerAnchor public immutable ANCHORS = deployAnchors();
    /// @notice How a promise was broken; empty while it holds.
    mapping(Vow => string) public broken;
    /// @notice How often something came to its end, so that a test can see that everything does.
    mapping(bytes32 what => uint256) public done;

    Noted[] internal _ledgers;
    Signer[] internal _signers;
    NotedRoot[] private _roots;
    mapping(bytes32 root => Story) private _tellers;
    mapping(bytes32 root => bool) private _isTold;

    modifier watched() {
        _;
        observe();
    }

    function observe() public {
        for (uint256 i = 0; i < _ledgers.length; ++i) {
            _observeHead(_ledgers[i]);
            _observeLedger(_ledgers[i]);
        }
        for (uint256 i = 0; i < _roots.length; ++i) {
            NotedRoot storage noted = _roots[i];
            _vow(Vow.RootsStay, ANCHORS.rootAt(noted.ledgerId, noted.size) == noted.root, "an anchored root changed");
        }
    }

    function _observeHead(Noted storage l) private {
        ILedgerAnchor.Head memory head = ANCHORS.head(l.id);
        _vow(Vow.HeadsOnlyGrow, head.size >= l.size && head.count >= l.count, "a head shrank");
        _vow(Vow.HeadsOnlyGrow, (head.size == l.size) == (head.count == l.count), "an anchor did not grow the ledger");
        _vow(Vow.RootsStay, head.size != l.size || head.root == l.root, "the head's root changed");
        _vow(Vow.OnlyLiarsAreForked, head.forked || !l.isForked, "a mark went away");
        _vow(Vow.OnlyLiarsAreForked, !head.forked || !l.isHonest, "an honest ledger is marked as forked");
        if (head.size > l.size) {
            _vow(Vow.SuccessorsEnd, l.successor == 0, "a superseded ledger took an anchor");
            _vow(Vow.WhatFollowsExtends, l.isLying || _extends(l, head), "what followed did not extend");
            _roots.push(NotedRoot(l.id, head.size, head.root));
        }
        l.size = head.size;
        l.root = head.root;
        l.count = head.count;
        l.isForked = head.forked;
    }

    function _observeLedger(Noted storage l) private {
        ILedgerAnchor.Ledger memory ledger = ANCHORS.ledger(l.id);
        bool isOwned = ledger.owner == l.owner && ledger.pendingOwner == l.pendingOwner;
        _vow(Vow.OnlyOwnersManage, isOwned, "ownership moved by itself");
        address present = _signers[l.signers[l.signers.length - 1]].account;
        _vow(Vow.OnlyOwnersManage, ledger.signer == present, "the signer changed by itself");
        _vow(Vow.SuccessorsEnd, ledger.successor == l.successor, "the successor changed");
        _vow(Vow.SuccessorsEnd, ANCHORS.head(l.id).superseded == (l.successor != 0), "the mark of a successor");
        for (uint256 i = 0; i < l.signers.length; ++i) {
            bool isKnown = ANCHORS.everSigner(l.id, _signers[l.signers[i]].account);
            _vow(Vow.SignersAreRemembered, isKnown, "a signer was forgotten");
        }
        bytes32 next = l.successor;
        for (uint256 steps = 0; next != 0; ++steps) {
            if (steps > _ledgers.length) return _vow(Vow.SuccessorsEnd, false, "successors go round");
            next = ANCHORS.ledger(next).successor;
        }
    }

    /// @dev By whose story the new root is of, and whether that story has the old root at the old size.
    function _extends(Noted storage l, ILedgerAnchor.Head memory head) private view returns (bool) {
        if (!_isTold[head.root]) return false;
        return l.size == 0 || Stories.rootOf(_tellers[head.root], l.size) == l.root;
    }

    /// @dev The root of a story, which is known from now on.
    function _tell(Story memory story, uint256 size) internal returns (bytes32 root) {
        root = Stories.rootOf(story, size);
        _tellers[root] = story;
        _isTold[root] = true;
    }

    function _vow(Vow vow, bool holds, string memory breach) internal {
        if (!holds && bytes(broken[vow]).length == 0) broken[vow] = breach;
    }

    function _presentOf(Noted storage l) internal view returns (Signer memory) {
        return _signers[l.signers[l.signers.length - 1]];
    }

    function _isPast(Noted storage l, address account) internal view returns (bool) {
        for (uint256 i = 0; i + 1 < l.signers.length; ++i) {
            if (_signers[l.signers[i]].account == account) return true;
        }
        return false;
    }
}
