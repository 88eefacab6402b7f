// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Actors} from "./Actors.sol";
import {Vow} from "./Watched.sol";

/// @notice As Foundry reads it.
struct FuzzInterface {
    address addr;
    string[] artifacts;
}

/// @notice What holds after any sequence of calls, by actors who know what they do and by callers who do not.
contract LedgerAnchorInvariants {
    Actors private _actors;

    function setUp() external {
        _actors = new Actors();
        for (uint256 i = 0; i < 3; ++i) _actors.open(i, 0, 7 * i);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actors);
    }

    /// @dev The contract itself too: with whatever arguments the fuzzer finds, from whatever address.
    function targetInterfaces() external view returns (FuzzInterface[] memory targets) {
        targets = new FuzzInterface[](1);
        targets[0].addr = address(_actors.ANCHORS());
        targets[0].artifacts = new string[](1);
        targets[0].artifacts[0] = "ILedgerAnchor";
    }

    /// @dev Owners act through the actors, who note what they did.
    function excludeSenders() external pure returns (address[] memory excluded) {
        excluded = new address[](3);
        for (uint256 i = 0; i < 3; ++i) excluded[i] = address(uint160(0xa11ce000 + i));
    }

    /// @dev One campaign for all promises: each would otherwise be run on sequences of its own.
    function invariant_whatIsPromisedHolds() external {
        _actors.observe();
        for (uint256 vow = 0; vow <= uint256(type(Vow).max); ++vow) {
            string memory breach = _actors.broken(Vow(vow));
            require(bytes(breach).length == 0, breach);
        }
    }

    /// @dev Everything that the actors can do comes to its end; otherwise the invariants would look at nothing.
    function test_everythingThatActorsDoHappens() external {
        uint256 seed = 0;
        for (uint256 i = 0; i < 2000; ++i) {
            seed = uint256(keccak256(abi.encode(seed, i)));
            _act(i % 16, seed, uint256(keccak256(abi.encode(seed))));
        }
        this.invariant_whatIsPromisedHolds();
        string[16] memory all = [
            "open",
            "anchor",
            "anchor refused",
            "anchor without gas",
            "anchorMany",
            "anchorMany undone",
            "rotate",
            "takeOver",
            "nameSuccessor",
            "turnMoody",
            "accuse",
            "accuse in vain",
            "accuseByPath in vain",
            "accuseByLeaves",
            "accuseByLeaves in vain",
            "expose"
        ];
        for (uint256 i = 0; i < all.length; ++i) require(_actors.done(bytes32(bytes(all[i]))) > 0, all[i]);
    }

    function _act(uint256 what, uint256 a, uint256 b) private {
        uint256 c = a >> 64;
        if (what == 0) _actors.open(a, b, c);
        else if (what < 5) _actors.anchor(a, b, c);
        else if (what < 7) _actors.anchorMany(a, b, c, c >> 32);
        else if (what == 7) _actors.rotate(a, b, c, c >> 32);
        else if (what == 8) _actors.handOn(a, b, c);
        else if (what == 9) _actors.takeOver(a, b);
        else if (what == 10) _actors.nameSuccessor(a, c, b);
        else if (what == 11) _actors.turnMoody(a);
        else if (what == 12) _actors.accuse(a, b, c, b >> 64);
        else if (what == 13) _actors.accuseByPath(a, b, c, b >> 64);
        else if (what == 14) _actors.anchorForCostly(a, b, c % 2 == 0);
        else if (b % 2 == 0) _actors.accuseByLeaves(a, b, c, b >> 64);
        else _actors.expose(a, b, c, b % 4 == 1);
    }
}
