// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ILedgerAnchor} from "../../contracts/ILedgerAnchor.sol";
import {Operators} from "./mocks/Operators.sol";
import {deployLedgerAnchor, VM} from "./mocks/Vm.sol";

/// @notice What holds after any sequence of what operators, owners, strangers and accusers do.
contract LedgerAnchorInvariants {
    Operators private _operators;
    ILedgerAnchor private _anchors;

    function setUp() external {
        _operators = new Operators();
        _anchors = _operators.ANCHORS();
        for (uint256 i = 0; i < 3; ++i) _operators.open(i);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_operators);
    }

    /// @dev One campaign for all: each would otherwise be run on sequences of its own, for five times the time.
    function invariant_whatWasTakenIsKeptAndNothingElseIs() external view {
        Operators.Noted[] memory noted = _operators.ledgers();
        for (uint256 i = 0; i < noted.length; ++i) {
            ILedgerAnchor.Head memory head = _anchors.head(noted[i].id);
            _requireHeadIsWhatWasTakenLast(noted[i], head);
            _requireOnlyDishonestLedgersAreMarked(noted[i], head);
            _requireSignersAreRemembered(noted[i], _anchors.ledger(noted[i].id));
            _requireSuccessorsComeToAnEnd(noted[i].id, noted.length);
        }
        _requireRootsNeverChange(_operators.roots());
    }

    function _requireHeadIsWhatWasTakenLast(Operators.Noted memory noted, ILedgerAnchor.Head memory head) private pure {
        require(head.size == noted.size, "size");
        require(head.count == noted.count, "count");
        require(head.superseded == noted.superseded, "superseded");
        require((head.root == 0) == (head.size == 0), "root of the head");
    }

    function _requireOnlyDishonestLedgersAreMarked(Operators.Noted memory noted, ILedgerAnchor.Head memory head)
        private
        pure
    {
        require(head.forked == noted.forked, "mark");
        require(!head.forked || !noted.honest, "an honest ledger is marked");
    }

    function _requireSignersAreRemembered(Operators.Noted memory noted, ILedgerAnchor.Ledger memory ledger) private view {
        require(ledger.owner == noted.owner, "owner");
        require(ledger.signer == VM.addr(noted.keys[noted.keys.length - 1]), "signer");
        require((ledger.successor != 0) == noted.superseded, "successor");
        for (uint256 k = 0; k < noted.keys.length; ++k) {
            require(_anchors.everSigner(noted.id, VM.addr(noted.keys[k])), "a signer is forgotten");
        }
    }

    function _requireSuccessorsComeToAnEnd(bytes32 ledgerId, uint256 count) private view {
        for (uint256 steps = 0; ledgerId != 0; ++steps) {
            require(steps <= count, "successors go round");
            ledgerId = _anchors.ledger(ledgerId).successor;
        }
    }

    function _requireRootsNeverChange(Operators.NotedRoot[] memory noted) private view {
        for (uint256 i = 0; i < noted.length; ++i) {
            require(_anchors.rootAt(noted[i].ledgerId, noted[i].size) == noted[i].root, "a root changed");
        }
    }
}

/// @notice Single calls with random arguments.
contract LedgerAnchorFuzz {
    uint64 private constant GROWTH_MAX = 2 ** 32;
    uint256 private constant KEY = uint256(keccak256("the signer")) >> 8;

    ILedgerAnchor private _anchors;

    function setUp() external {
        _anchors = deployLedgerAnchor();
    }

    function testFuzz_noSignatureButTheSignersIsAccepted(uint256 key, bytes32 label, bytes32 root, bytes calldata junk)
        external
    {
        VM.assume(root != 0);
        bytes32 ledgerId = _anchors.open(label, VM.addr(KEY));
        bytes32 digest = _anchors.checkpointDigest(ledgerId, 1, root, 0);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(1 + (key >> 8), digest);
        bytes[2] memory signatures = [abi.encodePacked(r, s, v), junk];
        for (uint256 i = 0; i < 2; ++i) {
            try _anchors.anchor(ledgerId, 0, 1, root, 0, signatures[i], new bytes32[](0)) {
                revert("accepted");
            } catch (bytes memory reason) {
                require(bytes4(reason) == ILedgerAnchor.SignatureInvalid.selector, "reason");
            }
        }
        require(_anchors.rootAt(ledgerId, 1) == 0, "root");
    }

    function testFuzz_growthIsCappedWhereverTheHeadIs(uint64 prevSize, uint64 size, bytes32 label) external {
        prevSize = 1 + prevSize % GROWTH_MAX;
        bytes32 ledgerId = _anchors.open(label, VM.addr(KEY));
        require(_anchorError(ledgerId, 0, prevSize) == 0, "the first anchor");
        bytes4 expected = ILedgerAnchor.ConsistencyInvalid.selector;
        if (size <= prevSize) expected = ILedgerAnchor.SizeNotGrown.selector;
        else if (size - prevSize > GROWTH_MAX) expected = ILedgerAnchor.GrowthAboveCap.selector;
        require(_anchorError(ledgerId, prevSize, size) == expected, "reason");
    }

    function testFuzz_nobodyButTheOwnerManages(address stranger, bytes32 label, address anyone) external {
        VM.assume(stranger != address(this) && stranger != address(0));
        bytes32 ledgerId = _anchors.open(label, address(1));
        bytes[3] memory calls = [
            abi.encodeCall(ILedgerAnchor.rotateSigner, (ledgerId, anyone)),
            abi.encodeCall(ILedgerAnchor.transferOwnership, (ledgerId, anyone)),
            abi.encodeCall(ILedgerAnchor.nameSuccessor, (ledgerId, label))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            VM.prank(stranger);
            (bool accepted, bytes memory reason) = address(_anchors).call(calls[i]);
            require(!accepted && bytes4(reason) == ILedgerAnchor.NotOwner.selector, "a stranger managed a ledger");
        }
    }

    function testFuzz_ledgersOfTwoOwnersNeverMeet(address a, address b, bytes32 labelA, bytes32 labelB) external view {
        VM.assume(a != b || labelA != labelB);
        require(_anchors.ledgerIdOf(a, labelA) != _anchors.ledgerIdOf(b, labelB), "one id for two");
    }

    function testFuzz_successorsNeverGoRound(uint256 choices) external {
        bytes32[5] memory ids;
        for (uint256 i = 0; i < 5; ++i) ids[i] = _anchors.open(bytes32(i), VM.addr(KEY));
        for (uint256 i = 0; i < 16; ++i) {
            (bytes32 from, bytes32 to) = (ids[choices % 5], ids[(choices / 5) % 5]);
            choices /= 25;
            bool allowed = from != to && _anchors.ledger(from).successor == 0 && _anchors.ledger(to).successor == 0;
            (bool taken,) = address(_anchors).call(abi.encodeCall(ILedgerAnchor.nameSuccessor, (from, to)));
            require(taken == allowed, "rules");
        }
        for (uint256 i = 0; i < 5; ++i) {
            bytes32 next = ids[i];
            for (uint256 steps = 0; next != 0; ++steps) {
                require(steps < 5, "successors go round");
                next = _anchors.ledger(next).successor;
            }
        }
    }

    /// @dev Everything that the random operators can do does happen; otherwise the invariants would look at nothing.
    function test_everyActionOfTheOperatorsComesToItsEnd() external {
        Operators operators = new Operators();
        for (uint256 i = 0; i < 6; ++i) operators.open(i % 3);
        for (uint256 i = 0; i < 12; ++i) {
            operators.anchor(i, i, i);
            operators.rotate(i, i, false);
            operators.rotate(i, i + 1, true);
            operators.anchorByStranger(i, i, i % 2 == 0);
            operators.anchorRewritten(i, i, i);
            operators.accuse(i, i * 0x10001, i, i, keccak256("junk"));
            operators.fork(i, i * 0x10001, i, i);
            operators.handOn(i, i);
        }
        operators.handOn(0, 0);
        operators.handOn(1, 0);
        operators.nameSuccessor(0, 8);
        string[10] memory actions = [
            "open",
            "anchor",
            "rotate",
            "anchorByStranger",
            "anchorRewritten",
            "accuse",
            "accuseByLeaves",
            "fork",
            "handOn",
            "nameSuccessor"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            require(operators.done(bytes32(bytes(actions[i]))) > 0, actions[i]);
        }
    }

    /// @dev Error with which a signed root without a proof is refused; zero when it is taken.
    function _anchorError(bytes32 ledgerId, uint64 prevSize, uint64 size) private returns (bytes4) {
        bytes32 root = keccak256("root");
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(KEY, _anchors.checkpointDigest(ledgerId, size, root, 0));
        try _anchors.anchor(ledgerId, prevSize, size, root, 0, abi.encodePacked(r, s, v), new bytes32[](0)) {
            return 0;
        } catch (bytes memory reason) {
            return bytes4(reason);
        }
    }
}
