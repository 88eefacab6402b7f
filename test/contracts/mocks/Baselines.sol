// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @notice What gas is compared with: the least that keeps a root, and proofs that do not bind an index.
contract BlindStore {
    mapping(uint64 size => bytes32 root) public roots;

    event Stored(uint64 indexed size, bytes32 root);

    /// @notice Keeps whatever it is told.
    function store(uint64 size, bytes32 root) external {
        roots[size] = root;
        emit Stored(size, root);
    }

    /// @notice A proof of OpenZeppelin's MerkleProof against a kept root: sorted pairs, no index, no size.
    function verify(uint64 size, bytes32 leaf, bytes32[] calldata path) external view returns (bool) {
        return MerkleProof.verifyCalldata(path, roots[size], leaf);
    }
}

/// @notice A timestamp of a digest, as the Ethereum Attestation Service keeps it.
contract TimestampStore {
    mapping(bytes32 data => uint64 time) public timestamps;

    event Timestamped(bytes32 indexed data, uint64 indexed timestamp);

    error AlreadyTimestamped();

    /// @notice Notes the time of the block for a digest, once.
    function timestamp(bytes32 data) external returns (uint64) {
        if (timestamps[data] != 0) revert AlreadyTimestamped();
        uint64 time = uint64(block.timestamp);
        timestamps[data] = time;
        emit Timestamped(data, time);
        return time;
    }
}
