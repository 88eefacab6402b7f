// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ILedgerAnchor} from "../../../contracts/ILedgerAnchor.sol";

/// @notice A contract that signs: it accepts what its owner's key signed, as most ERC-1271 wallets do.
contract OwnedWallet is IERC1271 {
    address public immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view virtual returns (bytes4) {
        return _answer(hash, signature);
    }

    function _answer(bytes32 hash, bytes calldata signature) internal view returns (bytes4) {
        (address recovered,,) = ECDSA.tryRecoverCalldata(hash, signature);
        return recovered == OWNER ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice A contract that approves digests beforehand and then takes an empty signature, as some wallets do.
contract ApprovingWallet is IERC1271 {
    mapping(bytes32 digest => bool) public approved;

    function approve(bytes32 digest) external {
        approved[digest] = true;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return approved[hash] && signature.length == 0 ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Code that accepts nothing: for an account that delegates to it (EIP-7702), and for wallets that changed their rules.
contract DisowningWallet is IERC1271 {
    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0xffffffff;
    }
}

/// @notice A contract that signs at a price: its check takes an amount of gas, as one with many owners or with curves of its
/// own does. One that notices catches its lack of gas, and then says no instead of running out.
contract CostlyWallet is OwnedWallet {
    uint256 private immutable COST;
    bool private immutable NOTICES;

    constructor(address owner, uint256 cost, bool notices) OwnedWallet(owner) {
        COST = cost;
        NOTICES = notices;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view override returns (bytes4) {
        if (!NOTICES) return this.check(hash, signature);
        try this.check(hash, signature) returns (bytes4 answer) {
            return answer;
        } catch {
            return 0xffffffff;
        }
    }

    function check(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        uint256 start = gasleft();
        bytes memory much = new bytes(COST == 0 ? 0 : 32_768);
        while (start - gasleft() < COST) keccak256(much);
        return _answer(hash, signature);
    }
}

/// @notice A contract that is cheap while gas is estimated, and burns all it gets when it counts.
contract MoodyWallet is OwnedWallet {
    bool private _burns;

    constructor(address owner) OwnedWallet(owner) {}

    function burn() external {
        _burns = true;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view override returns (bytes4) {
        while (_burns) {}
        return _answer(hash, signature);
    }
}

/// @notice A contract that, when it is asked, tries to change what it is asked about, and then says yes to anything.
contract MeddlingWallet is IERC1271 {
    ILedgerAnchor private immutable ANCHORS;

    constructor(ILedgerAnchor anchors) {
        ANCHORS = anchors;
    }

    function openLedger(bytes32 label) external returns (bytes32) {
        return ANCHORS.open(label, address(this));
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata signature) external view returns (bytes4) {
        bytes[] memory calls = abi.decode(signature, (bytes[]));
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done,) = address(ANCHORS).staticcall{gas: 400_000}(calls[i]);
            if (done) return 0xffffffff;
        }
        return IERC1271.isValidSignature.selector;
    }
}

/// @notice Code that answers with anything but a plain yes.
contract OddWallet is IERC1271 {
    enum Answer {
        Revert,
        Short,
        Dirty,
        Burn,
        LongNo,
        LongRevert
    }

    uint256 private constant LONG = 600_000;

    Answer private immutable ANSWER;

    constructor(Answer answer) {
        ANSWER = answer;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        bytes4 yes = IERC1271.isValidSignature.selector;
        if (ANSWER == Answer.Revert) revert("no");
        if (ANSWER == Answer.Short) {
            assembly ("memory-safe") {
                mstore(0, yes)
                return(0, 4)
            }
        }
        if (ANSWER == Answer.Dirty) {
            assembly ("memory-safe") {
                mstore(0, or(yes, 1))
                return(0, 32)
            }
        }
        if (ANSWER == Answer.LongNo) {
            assembly ("memory-safe") {
                return(0, LONG)
            }
        }
        if (ANSWER == Answer.LongRevert) {
            assembly ("memory-safe") {
                mstore(0, yes)
                revert(0, LONG)
            }
        }
        while (true) {}
        return yes;
    }
}
