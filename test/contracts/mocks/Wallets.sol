// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A contract that signs: it accepts what its owner's key signed, as most ERC-1271 wallets do.
contract OwnedWallet is IERC1271 {
    address public immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view virtual returns (bytes4) {
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

/// @notice Code that answers with anything but a plain yes.
contract OddWallet is IERC1271 {
    enum Answer {
        Revert,
        Short,
        Dirty,
        Burn
    }

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
        while (true) {}
        return yes;
    }
}
