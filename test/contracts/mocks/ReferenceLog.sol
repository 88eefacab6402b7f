// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @notice A Merkle tree by the recursive definitions of RFC 9162 section 2.1, slow and simple. It shares no code with
/// MerkleLog. Leaf i of a log is a hash of its seed and i, so a log of any size can be made from a seed.
library ReferenceLog {
    function leaf(uint256 seed, uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x00), seed, i));
    }

    /// @notice MTH(D[start:end]), section 2.1.1.
    function root(uint256 seed, uint256 start, uint256 end) internal pure returns (bytes32) {
        if (start == end) return keccak256("");
        if (end - start == 1) return leaf(seed, start);
        uint256 k = _split(end - start);
        return _node(root(seed, start, start + k), root(seed, start + k, end));
    }

    /// @notice PATH(m, D_n), section 2.1.3.1.
    function path(uint256 seed, uint256 m, uint256 n) internal pure returns (bytes32[] memory) {
        return _path(seed, m, 0, n);
    }

    /// @notice PROOF(m, D_n), section 2.1.4.1; with the root of the first m entries in front when m is a power of two and
    /// the proof is to be whole.
    function proof(uint256 seed, uint256 m, uint256 n, bool whole) internal pure returns (bytes32[] memory nodes) {
        if (m == 0 || m == n) return nodes;
        nodes = _subproof(seed, m, 0, n, true);
        if (whole && m & (m - 1) == 0) nodes = _prepend(root(seed, 0, m), nodes);
    }

    function _path(uint256 seed, uint256 m, uint256 start, uint256 end) private pure returns (bytes32[] memory nodes) {
        if (end - start == 1) return nodes;
        uint256 k = _split(end - start);
        if (m < k) return _append(_path(seed, m, start, start + k), root(seed, start + k, end));
        return _append(_path(seed, m - k, start + k, end), root(seed, start, start + k));
    }

    function _subproof(uint256 seed, uint256 m, uint256 start, uint256 end, bool isOld)
        private
        pure
        returns (bytes32[] memory nodes)
    {
        if (m == end - start) return isOld ? nodes : _append(nodes, root(seed, start, end));
        uint256 k = _split(end - start);
        if (m <= k) return _append(_subproof(seed, m, start, start + k, isOld), root(seed, start + k, end));
        return _append(_subproof(seed, m - k, start + k, end, false), root(seed, start, start + k));
    }

    function _split(uint256 n) private pure returns (uint256 k) {
        k = 1;
        while (2 * k < n) k *= 2;
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function _append(bytes32[] memory nodes, bytes32 last) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](nodes.length + 1);
        for (uint256 i = 0; i < nodes.length; ++i) longer[i] = nodes[i];
        longer[nodes.length] = last;
    }

    function _prepend(bytes32 first, bytes32[] memory nodes) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](nodes.length + 1);
        longer[0] = first;
        for (uint256 i = 0; i < nodes.length; ++i) longer[i + 1] = nodes[i];
    }
}
