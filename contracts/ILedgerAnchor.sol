// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Anchors of append-only ledgers
/// @notice Records the Merkle roots of ledgers, and refuses every root that does not extend the last one. One deployment
/// serves everybody: it has no administrator, cannot be changed, and holds no money.
/// @dev The whole on-chain contract in one page; bytes are specified in docs/format.md. A tree is that of RFC 9162
/// section 2.1 over keccak256. A checkpoint is EIP-712 typed data with the domain {name: "Holdfast", version: "1"}, which
/// names no chain and no contract: the statement holds everywhere. Storage slot 0 of the implementation is
/// mapping(bytes32 ledgerId => mapping(uint64 size => bytes32 root)), so that a root can be proven with eth_getProof.
/// Views never revert for what does not exist: they return zeros, and verify functions return false.
///
/// Whose signature counts: what the key of the signer's address signed does, whether or not the address has code, so that
/// an account cannot disown it by delegating to code (EIP-7702). Otherwise, unless it was signed by a key that this ledger
/// rotated out, the code of the address is asked by ERC-1271; an account that delegates is asked through its delegation.
/// The code is asked within a static call, with 3,000,000 gas and no more, and one word of its answer is read. If it does
/// not say yes although 3,100,000 gas were left before it was asked, the signature is invalid. With less, nobody knows what
/// it would have said: {SignerGasTooLow} undoes the call, {anchorMany} as a whole. So a lack of gas is never taken for a
/// refusal, and gas that was estimated is enough for every signer that says yes.
interface ILedgerAnchor {
    /// @notice Newest anchor of a ledger, and the two marks that never go away.
    struct Head {
        uint64 size; // entries of the newest anchored tree; 0 before the first anchor
        uint64 anchoredAt; // time of the block that took it, seconds since 1970
        uint64 count; // anchors taken so far
        bool forked; // two statements that cannot both be true were proven
        bool superseded; // a successor is named, so there are no more anchors
        bytes32 root; // root of the newest anchored tree
    }

    /// @notice Who answers for a ledger. An owner of zero means that the ledger was never opened here.
    struct Ledger {
        address owner; // may rotate the signer, hand ownership on and name a successor
        address pendingOwner; // may accept ownership; zero when nobody may
        address signer; // signs checkpoints: an account, or a contract that speaks ERC-1271 and needs at most 3,000,000 gas
        bytes32 successor; // the ledger that continues this one; zero while it lives
    }

    /// @notice Arguments of {anchor}, for {anchorMany}.
    struct Anchor {
        bytes32 ledgerId;
        uint64 prevSize;
        uint64 size;
        bytes32 root;
        uint64 signedAt;
        bytes signature;
        bytes32[] proof;
    }

    /// @notice That a ledger had `root` at `size`: either signed or, with a `signer` of zero, anchored here.
    struct Statement {
        uint64 size;
        bytes32 root;
        uint64 signedAt; // seconds since 1970; not read when anchored
        address signer; // any signer that the ledger ever had; zero when anchored
        bytes signature; // not read when anchored
    }

    /// @notice A leaf hash and its inclusion path, from the leaf up.
    struct Leaf {
        bytes32 leafHash;
        bytes32[] path;
    }

    /// @notice A member of an event: shown with `salt` and a `text` that is not empty, or withheld with its `digest`.
    /// The fields that do not apply are zero.
    struct Member {
        bytes32 digest; // keccak256(0x02 || salt || text)
        bytes16 salt;
        string text; // JCS(name) ":" JCS(value), such as "action":"user.login" with its quotation marks
    }

    event LedgerOpened(bytes32 indexed ledgerId, address indexed owner, bytes32 indexed label, address signer);
    event SignerRotated(bytes32 indexed ledgerId, address indexed oldSigner, address indexed newSigner);
    event OwnershipOffered(bytes32 indexed ledgerId, address indexed owner, address indexed pendingOwner);
    event OwnershipAccepted(bytes32 indexed ledgerId, address indexed oldOwner, address indexed newOwner);
    event SuccessorNamed(bytes32 indexed ledgerId, bytes32 indexed successor);
    event Anchored(bytes32 indexed ledgerId, uint64 indexed size, bytes32 root, uint64 prevSize, uint64 signedAt);
    /// @notice An anchor of {anchorMany} was refused; `reason` is the encoded error that {anchor} gave.
    event AnchorSkipped(bytes32 indexed ledgerId, uint64 indexed size, bytes reason);
    /// @notice Two statements that cannot both be true were proven; a signer of zero stands for an anchored statement.
    event ForkProven(
        bytes32 indexed ledgerId,
        address indexed signerA,
        address indexed signerB,
        uint64 sizeA,
        uint64 sizeB,
        bytes32 rootA,
        bytes32 rootB
    );

    error LedgerExists(bytes32 ledgerId);
    error LedgerUnknown(bytes32 ledgerId);
    error LedgerSuperseded(bytes32 ledgerId, bytes32 successor);
    error SignerZero(bytes32 ledgerId);
    error SignerUnchanged(bytes32 ledgerId, address signer);
    error NotOwner(bytes32 ledgerId, address caller, address owner);
    error NotPendingOwner(bytes32 ledgerId, address caller, address pendingOwner);
    /// @notice A successor is another open ledger of the same owner that has no successor of its own.
    error SuccessorRefused(bytes32 ledgerId, bytes32 successor);
    /// @notice The head has moved, often because somebody anchored first: read it and prove from there.
    error HeadMismatch(bytes32 ledgerId, uint64 headSize, uint64 prevSize);
    error SizeNotGrown(bytes32 ledgerId, uint64 headSize, uint64 size);
    error GrowthAboveCap(bytes32 ledgerId, uint64 growth, uint64 cap);
    error RootZero(bytes32 ledgerId, uint64 size);
    error SignatureInvalid(bytes32 ledgerId, address signer, bytes32 digest);
    /// @notice The key that signed was rotated out; what it signed counts in {proveFork}, as that signer's own.
    error SignedByPastSigner(bytes32 ledgerId, address pastSigner, address signer);
    /// @notice The signer's contract did not say yes, and had less gas than it may ask for: send more.
    error SignerGasTooLow(bytes32 ledgerId, address signer, uint256 gasLeft, uint256 gasNeeded);
    error ConsistencyInvalid(bytes32 ledgerId, uint64 prevSize, uint64 size, bytes32 root);
    /// @notice The gas ran out within this item of {anchorMany}: a lack of gas is no reason to skip.
    error OutOfGas(uint256 position);
    error SignerNeverHad(bytes32 ledgerId, address signer);
    error NotAnchored(bytes32 ledgerId, uint64 size, bytes32 root);
    error ForkNotProven(bytes32 ledgerId, uint64 sizeA, uint64 sizeB);

    /// @notice Opens a ledger of the caller.
    /// @param label keccak256 of the ledger's name, or random bytes for a name that must not be guessed.
    /// @param signer account or ERC-1271 contract whose signature lets a checkpoint be anchored; not zero.
    /// @return ledgerId keccak256(abi.encode(caller, label)); the same on every chain, and kept when ownership is handed on.
    function open(bytes32 label, address signer) external returns (bytes32 ledgerId);

    /// @notice Replaces the signer. What the old one signed can no longer be anchored, but counts in {proveFork} for ever.
    /// That holds for the old one's key even if it is also a key of the contract that signs from now on.
    function rotateSigner(bytes32 ledgerId, address newSigner) external;

    /// @notice Offers the ledger to another owner, who must accept; zero takes an offer back.
    function transferOwnership(bytes32 ledgerId, address newOwner) external;

    /// @notice Takes over a ledger that was offered to the caller.
    function acceptOwnership(bytes32 ledgerId) external;

    /// @notice Names, once and for good, the ledger that continues this one; this one takes no more anchors.
    function nameSuccessor(bytes32 ledgerId, bytes32 successor) external;

    /// @notice Anchors a checkpoint. Anyone may call: the signature is the only authority.
    /// @param prevSize size of the head, 0 for the first anchor.
    /// @param size entries of the new tree: more than prevSize, by 2^32 at most.
    /// @param root root of the new tree.
    /// @param signedAt seconds since 1970, as signed; the block time is what others go by.
    /// @param signature of the ledger's signer over the checkpoint: r || s || v with low s, or what its ERC-1271 contract takes.
    /// @param proof consistency proof from prevSize to size, RFC 9162 section 2.1.4; empty for the first anchor.
    function anchor(
        bytes32 ledgerId,
        uint64 prevSize,
        uint64 size,
        bytes32 root,
        uint64 signedAt,
        bytes calldata signature,
        bytes32[] calldata proof
    ) external;

    /// @notice Anchors several checkpoints, each on its own: one that is refused is reported by {AnchorSkipped} and changes
    /// nothing for the others. A lack of gas refuses nothing: it undoes the whole call.
    /// @dev A signer's contract may burn its 3,000,000 gas, also when it did not while gas was estimated. An estimate plus
    /// 3,200,000 for each item whose signer has to be asked is enough whatever they do. Items signed by the key of their
    /// signer need nothing on top, also if the signer is replaced meanwhile.
    /// @return anchored which of them were taken, in order.
    function anchorMany(Anchor[] calldata anchors) external returns (bool[] memory anchored);

    /// @notice Marks a ledger as forked by two statements whose trees contradict each other. Anyone may call.
    /// @param a statement of the smaller tree, or of the same size.
    /// @param b statement of the larger tree, or of the same size with another root.
    /// @param path empty when the sizes are equal. Otherwise the consistency proof from a.size that b's tree gives, with
    /// the root of its first a.size entries put in front when a.size is a power of two (RFC 9162 leaves that one out): it
    /// leads to b's root, and shows that b's tree does not begin with a's.
    function proveFork(bytes32 ledgerId, Statement calldata a, Statement calldata b, bytes32[] calldata path) external;

    /// @notice Marks a ledger as forked by two different leaves at one index of two statements. Anyone may call.
    function proveForkAt(
        bytes32 ledgerId,
        uint64 index,
        Statement calldata a,
        Statement calldata b,
        Leaf calldata leafA,
        Leaf calldata leafB
    ) external;

    /// @notice Newest anchor of a ledger.
    function head(bytes32 ledgerId) external view returns (Head memory);

    /// @notice Root that was anchored for this size; zero when none was.
    function rootAt(bytes32 ledgerId, uint64 size) external view returns (bytes32);

    /// @notice Owner, signer and successor of a ledger.
    function ledger(bytes32 ledgerId) external view returns (Ledger memory);

    /// @notice Whether an address is, or ever was, the ledger's signer.
    function everSigner(bytes32 ledgerId, address signer) external view returns (bool);

    /// @notice Whether a leaf hash stands at an index of an anchored tree.
    /// @param size a size that was anchored.
    /// @param index position of the entry, from 0.
    /// @param leafHash keccak256(0x00 || entry).
    /// @param path inclusion path from the leaf up, RFC 9162 section 2.1.3.
    function verifyInclusion(bytes32 ledgerId, uint64 size, uint64 index, bytes32 leafHash, bytes32[] calldata path)
        external
        view
        returns (bool);

    /// @notice Whether an event stands at an index of an anchored tree.
    /// @param size a size that was anchored.
    /// @param index position of the entry, from 0.
    /// @param recordedAt milliseconds since 1970, as in the entry.
    /// @param members all 1 to 64 members of the event in the order of the entry, each shown or withheld.
    /// @param path inclusion path from the leaf up, RFC 9162 section 2.1.3.
    function verifyEvent(
        bytes32 ledgerId,
        uint64 size,
        uint64 index,
        uint64 recordedAt,
        Member[] calldata members,
        bytes32[] calldata path
    ) external view returns (bool);

    /// @notice Whether a tree, anchored or not, is what an anchored tree began with.
    /// @param fromSize entries of the smaller tree.
    /// @param fromRoot its root.
    /// @param toSize a size that was anchored.
    /// @param path consistency proof, RFC 9162 section 2.1.4; empty when fromSize is 0 or toSize.
    function verifyConsistency(
        bytes32 ledgerId,
        uint64 fromSize,
        bytes32 fromRoot,
        uint64 toSize,
        bytes32[] calldata path
    ) external view returns (bool);

    /// @notice What the signer of a checkpoint signs: its EIP-712 digest.
    function checkpointDigest(bytes32 ledgerId, uint64 size, bytes32 root, uint64 signedAt) external pure returns (bytes32);

    /// @notice Id of the ledger that an owner opens under a label.
    function ledgerIdOf(address owner, bytes32 label) external pure returns (bytes32);
}
