// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {ILedgerAnchor} from "./ILedgerAnchor.sol";
import {MerkleLog} from "./MerkleLog.sol";

/// @title Anchors of append-only ledgers: the implementation
/// @dev What it promises is written in ILedgerAnchor. No constructor arguments, so CREATE2 gives one address everywhere;
/// every byte of the sources, comments included, is part of that address (the compiler puts their hash into the code).
contract LedgerAnchor is ILedgerAnchor, IERC5267 {
    /// @dev Entries by which one anchor may grow a ledger (docs/decisions/0010-growth-cap.md).
    uint64 private constant GROWTH_MAX = 2 ** 32;

    /// @dev Gas that a signer's contract gets to say whether it signed (docs/decisions/0098-gas-of-a-signer.md).
    uint256 private constant SIGNER_GAS = 3_000_000;
    /// @dev With this much left it gets all of that: EIP-150 keeps a 64th back, which leaves 52,000 for reaching the signer
    /// (2,600 today, twice that behind a delegation) and for what is done with the answer.
    uint256 private constant SIGNER_GAS_NEEDED = 3_100_000;

    bytes32 private constant CHECKPOINT_TYPEHASH =
        keccak256("Checkpoint(bytes32 ledgerId,uint64 size,bytes32 root,uint64 signedAt)");

    /// @dev keccak256(abi.encode(keccak256("EIP712Domain(string name,string version)"), keccak256("Holdfast"),
    /// keccak256("1"))). It names no chain and no contract, so OpenZeppelin's EIP712 cannot be its base; written out
    /// because the compiler would compute it at every call.
    bytes32 private constant DOMAIN_SEPARATOR = 0xa8fc435e687e86854076818d334c3e33c13bcf01a0e56cf87f781c85a4ab8301;

    /// @dev The word of a head, from the lowest bit: size, time of the block and count, 64 bits each, then the two marks.
    uint256 private constant TIME_SHIFT = 64;
    uint256 private constant COUNT_SHIFT = 128;
    uint256 private constant FORKED = 1 << 192;
    uint256 private constant SUPERSEDED = 1 << 193;

    /// @dev Slot 0, because storage proofs in bundles read it. Nothing in it is ever overwritten: a size is anchored once.
    mapping(bytes32 ledgerId => mapping(uint64 size => bytes32 root)) private _roots;
    /// @dev Everything that an anchor overwrites, in one word.
    mapping(bytes32 ledgerId => uint256 word) private _heads;
    mapping(bytes32 ledgerId => Ledger) private _ledgers;
    /// @dev Signers that were rotated out; the present one is in _ledgers.
    mapping(bytes32 ledgerId => mapping(address signer => bool)) private _pastSigners;

    /// @inheritdoc ILedgerAnchor
    function open(bytes32 label, address signer) external returns (bytes32 ledgerId) {
        ledgerId = ledgerIdOf(msg.sender, label);
        Ledger storage opened = _ledgers[ledgerId];
        if (opened.owner != address(0)) revert LedgerExists(ledgerId);
        if (signer == address(0)) revert SignerZero(ledgerId);
        opened.owner = msg.sender;
        opened.signer = signer;
        emit LedgerOpened(ledgerId, msg.sender, label, signer);
    }

    /// @inheritdoc ILedgerAnchor
    function rotateSigner(bytes32 ledgerId, address newSigner) external {
        Ledger storage owned = _requireOwner(ledgerId);
        address oldSigner = owned.signer;
        if (newSigner == address(0)) revert SignerZero(ledgerId);
        if (newSigner == oldSigner) revert SignerUnchanged(ledgerId, newSigner);
        owned.signer = newSigner;
        _pastSigners[ledgerId][oldSigner] = true;
        emit SignerRotated(ledgerId, oldSigner, newSigner);
    }

    /// @inheritdoc ILedgerAnchor
    function transferOwnership(bytes32 ledgerId, address newOwner) external {
        _requireOwner(ledgerId).pendingOwner = newOwner;
        emit OwnershipOffered(ledgerId, msg.sender, newOwner);
    }

    /// @inheritdoc ILedgerAnchor
    function acceptOwnership(bytes32 ledgerId) external {
        Ledger storage offered = _ledgers[ledgerId];
        address oldOwner = offered.owner;
        if (msg.sender != offered.pendingOwner) revert NotPendingOwner(ledgerId, msg.sender, offered.pendingOwner);
        offered.owner = msg.sender;
        offered.pendingOwner = address(0);
        emit OwnershipAccepted(ledgerId, oldOwner, msg.sender);
    }

    /// @inheritdoc ILedgerAnchor
    function nameSuccessor(bytes32 ledgerId, bytes32 successor) external {
        Ledger storage owned = _requireOwner(ledgerId);
        Ledger storage next = _ledgers[successor];
        if (owned.successor != 0) revert LedgerSuperseded(ledgerId, owned.successor);
        // The successor must be an end itself, so that whoever follows successors comes to an end.
        if (successor == ledgerId || next.owner != msg.sender || next.successor != 0) {
            revert SuccessorRefused(ledgerId, successor);
        }
        owned.successor = successor;
        _heads[ledgerId] |= SUPERSEDED;
        emit SuccessorNamed(ledgerId, successor);
    }

    /// @inheritdoc ILedgerAnchor
    function anchor(
        bytes32 ledgerId,
        uint64 prevSize,
        uint64 size,
        bytes32 root,
        uint64 signedAt,
        bytes calldata signature,
        bytes32[] calldata proof
    ) external {
        address signer = _ledgers[ledgerId].signer;
        if (signer == address(0)) revert LedgerUnknown(ledgerId);
        uint256 word = _heads[ledgerId];
        _requireGrowth(ledgerId, word, prevSize, size, root);
        _requireSignature(ledgerId, signer, checkpointDigest(ledgerId, size, root, signedAt), signature);

        mapping(uint64 size => bytes32 root) storage roots = _roots[ledgerId];
        bool extends =
            prevSize == 0 ? proof.length == 0 : MerkleLog.isExtension(prevSize, roots[prevSize], size, root, proof);
        if (!extends) revert ConsistencyInvalid(ledgerId, prevSize, size, root);

        unchecked {
            // Neither the count nor the time can reach 2^64: one costs gas for each, the other takes 584 billion years.
            uint256 marksAndCount = (word >> COUNT_SHIFT) + 1;
            _heads[ledgerId] = (marksAndCount << COUNT_SHIFT) | (block.timestamp << TIME_SHIFT) | size;
        }
        roots[size] = root;
        emit Anchored(ledgerId, size, root, prevSize, signedAt);
    }

    /// @inheritdoc ILedgerAnchor
    function anchorMany(Anchor[] calldata anchors) external returns (bool[] memory anchored) {
        anchored = new bool[](anchors.length);
        for (uint256 i = 0; i < anchors.length; ++i) {
            Anchor calldata a = anchors[i];
            try this.anchor(a.ledgerId, a.prevSize, a.size, a.root, a.signedAt, a.signature, a.proof) {
                anchored[i] = true;
            } catch (bytes memory reason) {
                // Every refusal has a reason. None means that the gas ran out; to skip then, or when a signer had too
                // little, would let an estimate of gas that is too low pass for success.
                if (reason.length == 0) revert OutOfGas(i);
                if (bytes4(reason) == SignerGasTooLow.selector) LowLevelCall.bubbleRevert(reason);
                emit AnchorSkipped(a.ledgerId, a.size, reason);
            }
        }
    }

    /// @inheritdoc ILedgerAnchor
    function proveFork(bytes32 ledgerId, Statement calldata a, Statement calldata b, bytes32[] calldata path) external {
        _requireStatement(ledgerId, a);
        _requireStatement(ledgerId, b);
        if (!MerkleLog.isContradiction(a.size, a.root, b.size, b.root, path)) {
            revert ForkNotProven(ledgerId, a.size, b.size);
        }
        _markForked(ledgerId, a, b);
    }

    /// @inheritdoc ILedgerAnchor
    function proveForkAt(
        bytes32 ledgerId,
        uint64 index,
        Statement calldata a,
        Statement calldata b,
        Leaf calldata leafA,
        Leaf calldata leafB
    ) external {
        _requireStatement(ledgerId, a);
        _requireStatement(ledgerId, b);
        bool proven = leafA.leafHash != leafB.leafHash
            && MerkleLog.isIncluded(a.root, a.size, index, leafA.leafHash, leafA.path)
            && MerkleLog.isIncluded(b.root, b.size, index, leafB.leafHash, leafB.path);
        if (!proven) revert ForkNotProven(ledgerId, a.size, b.size);
        _markForked(ledgerId, a, b);
    }

    /// @inheritdoc ILedgerAnchor
    function head(bytes32 ledgerId) external view returns (Head memory) {
        uint256 word = _heads[ledgerId];
        return Head({
            size: uint64(word),
            anchoredAt: uint64(word >> TIME_SHIFT),
            count: uint64(word >> COUNT_SHIFT),
            forked: word & FORKED != 0,
            superseded: word & SUPERSEDED != 0,
            root: _roots[ledgerId][uint64(word)]
        });
    }

    /// @inheritdoc ILedgerAnchor
    function rootAt(bytes32 ledgerId, uint64 size) external view returns (bytes32) {
        return _roots[ledgerId][size];
    }

    /// @inheritdoc ILedgerAnchor
    function ledger(bytes32 ledgerId) external view returns (Ledger memory) {
        return _ledgers[ledgerId];
    }

    /// @inheritdoc ILedgerAnchor
    function everSigner(bytes32 ledgerId, address signer) public view returns (bool) {
        return signer != address(0) && (_ledgers[ledgerId].signer == signer || _pastSigners[ledgerId][signer]);
    }

    /// @inheritdoc ILedgerAnchor
    function verifyInclusion(bytes32 ledgerId, uint64 size, uint64 index, bytes32 leafHash, bytes32[] calldata path)
        external
        view
        returns (bool)
    {
        bytes32 root = _roots[ledgerId][size];
        return root != 0 && MerkleLog.isIncluded(root, size, index, leafHash, path);
    }

    /// @inheritdoc ILedgerAnchor
    function verifyEvent(
        bytes32 ledgerId,
        uint64 size,
        uint64 index,
        uint64 recordedAt,
        Member[] calldata members,
        bytes32[] calldata path
    ) external view returns (bool) {
        bytes32 root = _roots[ledgerId][size];
        if (root == 0 || members.length == 0 || members.length > MerkleLog.MEMBERS_MAX) return false;
        bytes32[] memory digests = new bytes32[](members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            Member calldata member = members[i];
            bool shown = bytes(member.text).length != 0;
            // Exactly one of the two: who reads a text may rely on its being what was hashed.
            if (shown != (member.digest == 0)) return false;
            digests[i] = shown ? MerkleLog.memberDigest(member.salt, member.text) : member.digest;
        }
        return MerkleLog.isIncluded(root, size, index, MerkleLog.entryLeafHash(recordedAt, digests), path);
    }

    /// @inheritdoc ILedgerAnchor
    function verifyConsistency(
        bytes32 ledgerId,
        uint64 fromSize,
        bytes32 fromRoot,
        uint64 toSize,
        bytes32[] calldata path
    ) external view returns (bool) {
        bytes32 root = _roots[ledgerId][toSize];
        return root != 0 && MerkleLog.isExtension(fromSize, fromRoot, toSize, root, path);
    }

    /// @inheritdoc ILedgerAnchor
    function checkpointDigest(bytes32 ledgerId, uint64 size, bytes32 root, uint64 signedAt) public pure returns (bytes32) {
        bytes32 structHash = keccak256(abi.encode(CHECKPOINT_TYPEHASH, ledgerId, size, root, signedAt));
        return MessageHashUtils.toTypedDataHash(DOMAIN_SEPARATOR, structHash);
    }

    /// @inheritdoc ILedgerAnchor
    function ledgerIdOf(address owner, bytes32 label) public pure returns (bytes32) {
        return keccak256(abi.encode(owner, label));
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        pure
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (0x03, "Holdfast", "1", 0, address(0), 0, new uint256[](0));
    }

    function _requireOwner(bytes32 ledgerId) private view returns (Ledger storage owned) {
        owned = _ledgers[ledgerId];
        if (owned.owner != msg.sender) revert NotOwner(ledgerId, msg.sender, owned.owner);
    }

    function _requireGrowth(bytes32 ledgerId, uint256 word, uint64 prevSize, uint64 size, bytes32 root) private view {
        uint64 headSize = uint64(word);
        if (word & SUPERSEDED != 0) revert LedgerSuperseded(ledgerId, _ledgers[ledgerId].successor);
        if (prevSize != headSize) revert HeadMismatch(ledgerId, headSize, prevSize);
        if (size <= headSize) revert SizeNotGrown(ledgerId, headSize, size);
        unchecked {
            if (size - headSize > GROWTH_MAX) revert GrowthAboveCap(ledgerId, size - headSize, GROWTH_MAX);
        }
        // A root of zero would read as "never anchored".
        if (root == 0) revert RootZero(ledgerId, size);
    }

    /// @dev The key of an address comes before its code. With the code first, an account could disown what its key signed
    /// by delegating to code (EIP-7702) that accepts no signature. A past signer's key is not put to the code: an owner could
    /// otherwise rotate to code that burns gas while a batch with the old signature is under way, and spoil it.
    function _requireSignature(bytes32 ledgerId, address signer, bytes32 digest, bytes calldata signature) private view {
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == signer) return;
        if (_pastSigners[ledgerId][recovered]) revert SignedByPastSigner(ledgerId, recovered, signer);
        // Without code nobody is asked, so however little gas there is, it is not what was lacking.
        if (signer.code.length == 0) revert SignatureInvalid(ledgerId, signer, digest);
        (bool accepted, uint256 gasLeft) = _askCode(signer, digest, signature);
        if (accepted) return;
        // Judged by the gas before the call: a contract may catch its own lack of gas and answer no with some left.
        if (gasLeft < SIGNER_GAS_NEEDED) revert SignerGasTooLow(ledgerId, signer, gasLeft, SIGNER_GAS_NEEDED);
        revert SignatureInvalid(ledgerId, signer, digest);
    }

    /// @dev Whether a contract takes a signature by ERC-1271, and the gas that was left when it was asked. Of what it
    /// returns one word is copied, so a long answer costs nobody but itself.
    function _askCode(address signer, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool accepted, uint256 gasLeft)
    {
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes4 yes = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            gasLeft := gas()
            accepted := staticcall(SIGNER_GAS, signer, add(question, 0x20), mload(question), 0x00, 0x20)
            accepted := and(accepted, and(gt(returndatasize(), 0x1f), eq(mload(0x00), yes)))
        }
    }

    function _requireStatement(bytes32 ledgerId, Statement calldata s) private view {
        if (s.signer == address(0)) {
            if (s.root == 0 || _roots[ledgerId][s.size] != s.root) revert NotAnchored(ledgerId, s.size, s.root);
            return;
        }
        if (!everSigner(ledgerId, s.signer)) revert SignerNeverHad(ledgerId, s.signer);
        _requireSignature(ledgerId, s.signer, checkpointDigest(ledgerId, s.size, s.root, s.signedAt), s.signature);
    }

    function _markForked(bytes32 ledgerId, Statement calldata a, Statement calldata b) private {
        _heads[ledgerId] |= FORKED;
        emit ForkProven(ledgerId, a.signer, b.signer, a.size, b.size, a.root, b.root);
    }
}
