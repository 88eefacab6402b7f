// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ILedgerAnchor} from "../../contracts/ILedgerAnchor.sol";
import {CostlyWallet, MoodyWallet, OddWallet, OwnedWallet} from "../contracts/mocks/Wallets.sol";
import {FOUNDRY} from "./Foundry.sol";

/// @notice What a signer is, and so what it does when it is asked.
enum Kind {
    Key, // an account
    Owned, // a contract that goes by its owner's key
    OwnedByKey, // one whose owner's key is a signer of the ledger by itself
    Costly, // one that takes 156,000 or 2,500,000 gas, and when it notices a lack of them says no
    Meddling, // one that tries to change the ledger when it is asked, and then goes by its owner's key
    Moody, // one that goes by its owner's key until it begins to burn all the gas that it gets
    Burning, // one that burns all the gas that it gets
    Bombing, // one that answers no at length
    Lying // one that says yes to whatever it is asked
}

struct Signer {
    Kind kind;
    uint256 key;
    address account;
}

/// @notice Says yes to whatever it is asked.
contract LyingWallet is IERC1271 {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }
}

/// @notice Tries to open, to rotate, to hand on and to anchor while it is asked, and then answers as its owner's key would.
contract MeddlingOwnedWallet is OwnedWallet {
    ILedgerAnchor private immutable ANCHORS;

    constructor(address owner, ILedgerAnchor anchors) OwnedWallet(owner) {
        ANCHORS = anchors;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view override returns (bytes4) {
        bytes[4] memory calls = [
            abi.encodeCall(ILedgerAnchor.open, (hash, address(this))),
            abi.encodeCall(ILedgerAnchor.rotateSigner, (hash, address(this))),
            abi.encodeCall(ILedgerAnchor.transferOwnership, (hash, address(this))),
            abi.encodeCall(ILedgerAnchor.anchorMany, (new ILedgerAnchor.Anchor[](1)))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done,) = address(ANCHORS).staticcall{gas: 100_000}(calls[i]);
            require(!done, "a question changed something");
        }
        return _answer(hash, signature);
    }
}

library Signers {
    /// @notice A new signer; the key is its own, or its owner's.
    function make(Kind kind, uint256 key, ILedgerAnchor anchors) internal returns (Signer memory) {
        address owner = FOUNDRY.addr(key);
        if (kind == Kind.Key) return Signer(kind, key, owner);
        if (kind == Kind.Owned || kind == Kind.OwnedByKey) return Signer(kind, key, address(new OwnedWallet(owner)));
        if (kind == Kind.Costly) {
            uint256 cost = key % 2 == 0 ? 156_000 : 2_500_000;
            return Signer(kind, key, address(new CostlyWallet(owner, cost, key % 3 != 0)));
        }
        if (kind == Kind.Meddling) return Signer(kind, key, address(new MeddlingOwnedWallet(owner, anchors)));
        if (kind == Kind.Moody) return Signer(kind, key, address(new MoodyWallet(owner)));
        if (kind == Kind.Burning) return Signer(kind, key, address(new OddWallet(OddWallet.Answer.Burn)));
        if (kind == Kind.Bombing) return Signer(kind, key, address(new OddWallet(OddWallet.Answer.LongNo)));
        return Signer(kind, key, address(new LyingWallet()));
    }

    /// @notice Whether it goes by a key.
    function goesByKey(Kind kind) internal pure returns (bool) {
        return kind < Kind.Burning;
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = FOUNDRY.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
