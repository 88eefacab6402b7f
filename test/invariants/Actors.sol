// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ILedgerAnchor} from "../../contracts/ILedgerAnchor.sol";
import {MoodyWallet} from "../contracts/mocks/Wallets.sol";
import {Accusers} from "./Accusers.sol";
import {FOUNDRY} from "./Foundry.sol";
import {Kind, Signer, Signers} from "./Signers.sol";
import {Stories, Story} from "./Stories.sol";
import {Noted, Vow} from "./Watched.sol";

/// @notice Owners, operators, relayers and strangers. Every argument is the fuzzer's; what may come of an action follows
/// from what was done before, and is compared with what comes of it.
contract Actors is Accusers {
    uint256 private constant LEDGERS_MAX = 6;
    uint256 private constant GROWTH_CAP = 2 ** 32;
    /// @dev What a signer that has to be asked may cost a call, with what it takes to ask.
    uint256 private constant ASKING_MAX = 3_200_000;
    uint256 private constant PLAIN_MAX = 400_000;

    /// @dev An anchor to be tried, and whether the contract has to take it.
    struct Attempt {
        ILedgerAnchor.Anchor anchor;
        bool isGood;
        bool isAsked;
    }

    function open(uint256 by, uint256 kind, uint256 turn) external watched {
        if (_ledgers.length == LEDGERS_MAX) return;
        uint8 n = uint8(_ledgers.length);
        address owner = _person(by);
        Signer memory signer = _newSigner(n, kind);
        bytes32 label = keccak256(abi.encode("ledger", n));
        FOUNDRY.prank(owner);
        bytes32 id = ANCHORS.open(label, signer.account);
        _vow(Vow.OnlyOwnersManage, id == keccak256(abi.encode(owner, label)), "an id that does not follow from its owner");
        _ledgers.push();
        Noted storage l = _ledgers[n];
        l.id = id;
        l.story = Story(n, 100 + n, uint64(turn % SIZE_MAX));
        l.isHonest = _isHonest(n);
        l.owner = owner;
        _appoint(l, signer);
        done["open"]++;
    }

    /// @notice Anybody brings a checkpoint, good or not, with any amount of gas.
    function anchor(uint256 which, uint256 how, uint256 gas) external watched {
        if (_ledgers.length == 0) return;
        Attempt memory a = _attempt(_pick(which), how);
        uint256 limit = _gas(gas);
        bytes memory data = abi.encodeCall(
            ILedgerAnchor.anchor,
            (
                a.anchor.ledgerId,
                a.anchor.prevSize,
                a.anchor.size,
                a.anchor.root,
                a.anchor.signedAt,
                a.anchor.signature,
                a.anchor.proof
            )
        );
        (bool taken, bytes memory reason) = address(ANCHORS).call{gas: limit}(data);
        _judge(a, taken, reason, limit >= PLAIN_MAX + ASKING_MAX);
    }

    /// @notice A relayer brings several, each of another ledger.
    function anchorMany(uint256 which, uint256 how, uint256 count, uint256 gas) external watched {
        if (_ledgers.length == 0) return;
        count = 1 + count % (_ledgers.length > 4 ? 4 : _ledgers.length);
        Attempt[] memory attempts = new Attempt[](count);
        for (uint256 i = 0; i < count; ++i) {
            attempts[i] = _attempt(_pick(which % LEDGERS_MAX + i), uint256(keccak256(abi.encode(how, i))));
        }
        _relay(attempts, gas);
    }

    /// @notice A relayer brings what is good, for a signer that takes much gas, with less than that or more.
    function anchorForCostly(uint256 which, uint256 gas, bool second) external watched {
        uint256 count = _ledgers.length;
        for (uint256 i = 0; i < count; ++i) {
            Noted storage l = _pick(which % LEDGERS_MAX + i);
            if (_presentOf(l).kind != Kind.Costly || l.size == SIZE_MAX) continue;
            Attempt[] memory attempts = new Attempt[](second && count > 1 ? 2 : 1);
            attempts[attempts.length - 1] = _goodAttempt(l);
            if (attempts.length == 2) attempts[0] = _goodAttempt(_pick(which % LEDGERS_MAX + i + 1));
            return _relay(attempts, gas);
        }
    }

    function _relay(Attempt[] memory attempts, uint256 gas) private {
        uint256 count = attempts.length;
        ILedgerAnchor.Anchor[] memory anchors = new ILedgerAnchor.Anchor[](count);
        uint256 needed = 0;
        for (uint256 i = 0; i < count; ++i) {
            anchors[i] = attempts[i].anchor;
            needed += PLAIN_MAX + (attempts[i].isAsked ? ASKING_MAX : 0);
        }
        uint256 limit = gas % 5 == 0 ? needed : _gas(gas);
        uint256 before = gasleft();
        (bool taken, bytes memory answer) =
            address(ANCHORS).call{gas: limit}(abi.encodeCall(ILedgerAnchor.anchorMany, (anchors)));
        _vow(Vow.GasIsNoReason, before - gasleft() < needed, "a batch cost more than its signers may");
        if (!taken) {
            _vow(Vow.TheSignerIsServed, limit < needed, "a batch was undone");
            _vow(Vow.GasIsNoReason, _isLackOfGas(answer), "a batch was undone for another reason than gas");
            done["anchorMany undone"]++;
            return;
        }
        bool[] memory each = abi.decode(answer, (bool[]));
        for (uint256 i = 0; i < count; ++i) _judge(attempts[i], each[i], hex"00000000", limit >= needed);
        done["anchorMany"]++;
    }

    function rotate(uint256 which, uint256 by, uint256 kind, uint256 again) external watched {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        // Sometimes one that it had before.
        Signer memory next = again % 4 == 0
            ? _signers[l.signers[(again / 4) % l.signers.length]]
            : _newSigner(uint8(which % _ledgers.length), kind);
        address caller = by % 3 == 0 ? _person(by / 3) : l.owner;
        bool isAllowed = caller == l.owner && next.account != _presentOf(l).account;
        FOUNDRY.prank(caller);
        try ANCHORS.rotateSigner(l.id, next.account) {
            _vow(Vow.OnlyOwnersManage, isAllowed, "a signer was replaced by somebody else");
            _appoint(l, next);
            done["rotate"]++;
        } catch {
            _vow(Vow.OnlyOwnersManage, !isAllowed, "an owner could not replace the signer");
        }
    }

    function handOn(uint256 which, uint256 by, uint256 to) external watched {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        address caller = by % 3 == 0 ? _person(by / 3) : l.owner;
        FOUNDRY.prank(caller);
        try ANCHORS.transferOwnership(l.id, _person(to)) {
            _vow(Vow.OnlyOwnersManage, caller == l.owner, "a ledger was offered by somebody else");
            l.pendingOwner = _person(to);
        } catch {
            _vow(Vow.OnlyOwnersManage, caller != l.owner, "an owner could not offer a ledger");
        }
    }

    function takeOver(uint256 which, uint256 by) external watched {
        if (_ledgers.length == 0) return;
        Noted storage l = _pick(which);
        address caller = by % 3 == 0 || l.pendingOwner == address(0) ? _person(by / 3) : l.pendingOwner;
        bool isAllowed = caller == l.pendingOwner;
        FOUNDRY.prank(caller);
        try ANCHORS.acceptOwnership(l.id) {
            _vow(Vow.OnlyOwnersManage, isAllowed, "a ledger was taken over by somebody else");
            l.owner = caller;
            l.pendingOwner = address(0);
            done["takeOver"]++;
        } catch {
            _vow(Vow.OnlyOwnersManage, !isAllowed, "who was offered a ledger could not take it over");
        }
    }

    function nameSuccessor(uint256 which, uint256 next, uint256 by) external watched {
        // Rarely, because it ends a ledger.
        if (_ledgers.length < 3 || by % 8 != 0) return;
        Noted storage l = _pick(which);
        Noted storage s = _pick(next);
        address caller = by % 32 == 0 ? _person(by / 32) : l.owner;
        bool isAllowed =
            caller == l.owner && l.owner == s.owner && l.id != s.id && l.successor == 0 && s.successor == 0;
        FOUNDRY.prank(caller);
        try ANCHORS.nameSuccessor(l.id, s.id) {
            _vow(Vow.SuccessorsEnd, isAllowed, "a successor was named against the rules");
            l.successor = s.id;
            done["nameSuccessor"]++;
        } catch {
            _vow(Vow.SuccessorsEnd, !isAllowed, "a successor was refused against the rules");
        }
    }

    /// @notice A signer that was honest begins to burn what it gets.
    function turnMoody(uint256 which) external watched {
        if (_signers.length == 0) return;
        Signer storage signer = _signers[which % _signers.length];
        if (signer.kind != Kind.Moody) return;
        MoodyWallet(signer.account).burn();
        signer.kind = Kind.Burning;
        done["turnMoody"]++;
    }

    function _newSigner(uint8 ledger, uint256 kind) private returns (Signer memory) {
        Kind chosen = kind % 13 < 9 ? Kind(kind % 13) : kind % 2 == 0 ? Kind.Key : Kind.Costly;
        // A liar ends what can be said of a ledger's honesty.
        if (chosen == Kind.Lying && _isHonest(ledger)) chosen = Kind.Key;
        uint256 key = uint256(keccak256(abi.encode("key", ledger, _signers.length))) >> 8;
        if (chosen == Kind.OwnedByKey) {
            if (ledger >= _ledgers.length) chosen = Kind.Owned;
            else key = _signers[_ledgers[ledger].signers[0]].key;
        }
        return Signers.make(chosen, key, ANCHORS);
    }

    function _isHonest(uint8 ledger) private pure returns (bool) {
        return ledger % 2 == 0;
    }

    function _appoint(Noted storage l, Signer memory signer) private {
        l.signers.push(_signers.length);
        _signers.push(signer);
        if (signer.kind == Kind.Lying) l.isLying = true;
    }

    /// @dev A checkpoint whose every part may be right or wrong.
    function _attempt(Noted storage l, uint256 how) private returns (Attempt memory a) {
        ILedgerAnchor.Anchor memory x = a.anchor;
        x.ledgerId = l.id;
        x.signedAt = uint64(how >> 200);
        x.prevSize = how % 11 == 0 ? uint64((how >> 8) % (l.size + 2)) : l.size;
        x.size = _sizeAfter(l, how >> 16);
        Story memory story = _storyFor(l, how >> 32);
        if (x.size <= SIZE_MAX) {
            x.root = _tell(story, x.size);
            x.proof = _spoil(Stories.consistency(story, x.prevSize, x.size, false), how >> 48, 8);
        } else {
            x.root = bytes32(how);
        }
        bool isSigned;
        (x.signature, isSigned, a.isAsked) = _signature(l, x, story, how >> 64);
        bool extends = x.prevSize == l.size && x.size > l.size && x.size <= SIZE_MAX
            && (l.size == 0 || Stories.rootOf(story, l.size) == l.root) && (how >> 48) % 8 != 0;
        a.isGood = isSigned && extends && l.successor == 0;
    }

    /// @dev The next checkpoint of a ledger with everything as it should be.
    function _goodAttempt(Noted storage l) private returns (Attempt memory a) {
        ILedgerAnchor.Anchor memory x = a.anchor;
        x.ledgerId = l.id;
        x.prevSize = l.size;
        x.size = l.size + 1;
        x.root = _tell(l.story, x.size);
        x.proof = Stories.consistency(l.story, x.prevSize, x.size, false);
        (x.signature, a.isGood, a.isAsked) = _signature(l, x, l.story, 0);
        bool extends = l.size == 0 || Stories.rootOf(l.story, l.size) == l.root;
        a.isGood = a.isGood && extends && l.successor == 0;
    }

    function _sizeAfter(Noted storage l, uint256 how) private view returns (uint64) {
        if (how % 13 == 0) return uint64((how >> 8) % (l.size + 1));
        if (how % 13 == 1) return l.size + uint64(GROWTH_CAP) + 1 + uint64((how >> 8) % 1000);
        uint64 grown = l.size + 1 + uint64((how >> 8) % 3);
        return grown > SIZE_MAX ? SIZE_MAX : grown;
    }

    /// @dev An honest signer signs its story only; for others, and by others, any.
    function _storyFor(Noted storage l, uint256 how) private view returns (Story memory) {
        if (how % 3 != 0) return l.story;
        return Story(l.story.base, 200 + uint8(how >> 8) % 2, uint64((how >> 16) % SIZE_MAX));
    }

    /// @return signature in one of the ways to sign and not to sign
    /// @return isSigned whether it is the present signer's
    /// @return isAsked whether code has to be asked
    function _signature(Noted storage l, ILedgerAnchor.Anchor memory x, Story memory story, uint256 how)
        private
        view
        returns (bytes memory signature, bool isSigned, bool isAsked)
    {
        Signer memory present = _presentOf(l);
        // Mostly as it should be, so that ledgers grow.
        uint256 way = how % 16 < 8 ? how % 8 : 0;
        // Honest keys sign nothing but their own story.
        bool isOwn = keccak256(abi.encode(story)) == keccak256(abi.encode(l.story));
        if (l.isHonest && !isOwn && way < 3) way = 3;
        uint256 key = present.key;
        if (way == 2) key = _signers[l.signers[(how >> 8) % l.signers.length]].key;
        if (way == 3) key = 1 + (how >> 8);
        bytes32 digest = ANCHORS.checkpointDigest(x.ledgerId, x.size, x.root, x.signedAt);
        if (way == 4) digest = ANCHORS.checkpointDigest(x.ledgerId, x.size + 1, x.root, x.signedAt);
        signature = way == 5 ? abi.encodePacked(how, how) : Signers.sign(key, digest);
        if (way == 6) signature = new bytes(0);
        if (way == 7) signature[64] = bytes1(uint8(signature[64]) ^ 7);

        address recovered = way < 4 ? FOUNDRY.addr(key) : address(0);
        bool isPast = _isPast(l, recovered) && recovered != present.account;
        bool isPresentKey = key == present.key && way < 4;
        isAsked = present.kind != Kind.Key;
        isSigned = recovered == present.account
            || (!isPast && ((isPresentKey && Signers.goesByKey(present.kind)) || present.kind == Kind.Lying));
    }

    function _judge(Attempt memory a, bool taken, bytes memory reason, bool hasGas) private {
        if (taken) {
            _vow(Vow.OnlyTheSignerAnchors, a.isGood, "an anchor was taken against the rules");
            done["anchor"]++;
        } else if (a.isGood) {
            _vow(Vow.TheSignerIsServed, !hasGas, "a good anchor was refused");
            _vow(Vow.GasIsNoReason, _isLackOfGas(reason), "a lack of gas was taken for a refusal");
            done["anchor without gas"]++;
        } else {
            done["anchor refused"]++;
        }
    }

    function _isLackOfGas(bytes memory reason) private pure returns (bool) {
        if (reason.length == 0) return true;
        bytes4 selector = bytes4(reason);
        return selector == ILedgerAnchor.SignerGasTooLow.selector || selector == ILedgerAnchor.OutOfGas.selector;
    }

    /// @dev Plenty, or about what an account's signature takes, or what contracts take.
    function _gas(uint256 choice) private pure returns (uint256) {
        if (choice % 3 == 0) return 20_000_000;
        return choice % 3 == 1 ? 10_000 + (choice >> 8) % 90_000 : 100_000 + (choice >> 8) % 3_300_000;
    }
}
