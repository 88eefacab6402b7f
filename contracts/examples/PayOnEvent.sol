// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ILedgerAnchor} from "../ILedgerAnchor.sol";

/// @title Example: pays when a ledger has recorded an event
/// @notice A payer leaves ether for a target, such as an order. Whoever proves that the agreed ledger recorded the agreed
/// action on that target has it paid to the payee; after the deadline the payer may take it back.
/// @dev What such a contract must settle for itself, because a proof only says what was recorded:
/// - which ledger: it is fixed here, and so are the contract and the chain where its roots are;
/// - what was recorded: whole member texts are compared, so no other member can be taken for the action or the target;
/// - how often: a target is funded and settled once, so a second event, or the same one again, pays nothing;
/// - a ledger that is known to tell two stories is not believed.
/// Whether the event is true is the word of those who wrote it into the ledger.
contract PayOnEvent {
    struct Deal {
        address payer;
        address payee;
        uint64 deadline; // seconds since 1970
        bool settled;
        uint256 amount; // wei
    }

    /// @notice Where an event stands, and what it says.
    struct Proof {
        uint64 size;
        uint64 index;
        uint64 recordedAt;
        uint256 actionAt; // position of the member that is the action
        uint256 targetAt; // position of the member that is the target
        ILedgerAnchor.Member[] members;
        bytes32[] path;
    }

    ILedgerAnchor public immutable ANCHORS;
    bytes32 public immutable LEDGER_ID;
    /// @notice keccak256 of the text of the member that is the action, such as "action":"order.delivered"
    bytes32 public immutable ACTION_HASH;

    /// @notice Deals by keccak256 of the text of their target member, such as "targets":[{"id":"o-7","type":"order"}]
    mapping(bytes32 targetHash => Deal) public deals;

    event Funded(bytes32 indexed targetHash, address indexed payer, address indexed payee, uint256 amount, uint64 deadline);
    event Paid(bytes32 indexed targetHash, address indexed payee, uint256 amount, uint64 index);
    event TakenBack(bytes32 indexed targetHash, address indexed payer, uint256 amount);

    error DealExists(bytes32 targetHash);
    error DealUnknown(bytes32 targetHash);
    error DealSettled(bytes32 targetHash);
    error TermsInvalid(address payee, uint256 amount, uint64 deadline);
    error LedgerForked(bytes32 ledgerId);
    error ActionMismatch(bytes32 expected, bytes32 actual);
    error EventNotProven(uint64 size, uint64 index);
    error NotPayer(address caller, address payer);
    error DeadlineNotReached(uint64 deadline);

    constructor(ILedgerAnchor anchors, bytes32 ledgerId, string memory actionText) {
        ANCHORS = anchors;
        LEDGER_ID = ledgerId;
        ACTION_HASH = keccak256(bytes(actionText));
    }

    /// @notice Leaves ether for a target, once.
    function fund(bytes32 targetHash, address payee, uint64 deadline) external payable {
        if (deals[targetHash].payer != address(0)) revert DealExists(targetHash);
        if (payee == address(0) || msg.value == 0 || deadline <= block.timestamp) {
            revert TermsInvalid(payee, msg.value, deadline);
        }
        deals[targetHash] = Deal(msg.sender, payee, deadline, false, msg.value);
        emit Funded(targetHash, msg.sender, payee, msg.value, deadline);
    }

    /// @notice Pays the payee of the target that a proven event names. Anyone may call.
    function claim(Proof calldata proof) external {
        bytes32 actionHash = keccak256(bytes(proof.members[proof.actionAt].text));
        bytes32 targetHash = keccak256(bytes(proof.members[proof.targetAt].text));
        Deal storage deal = _requireOpen(targetHash);
        if (actionHash != ACTION_HASH) revert ActionMismatch(ACTION_HASH, actionHash);
        if (ANCHORS.head(LEDGER_ID).forked) revert LedgerForked(LEDGER_ID);
        bool proven =
            ANCHORS.verifyEvent(LEDGER_ID, proof.size, proof.index, proof.recordedAt, proof.members, proof.path);
        if (!proven) revert EventNotProven(proof.size, proof.index);

        deal.settled = true;
        emit Paid(targetHash, deal.payee, deal.amount, proof.index);
        Address.sendValue(payable(deal.payee), deal.amount);
    }

    /// @notice Gives the ether back to its payer when nobody has proven the event by the deadline.
    function takeBack(bytes32 targetHash) external {
        Deal storage deal = _requireOpen(targetHash);
        if (msg.sender != deal.payer) revert NotPayer(msg.sender, deal.payer);
        if (block.timestamp <= deal.deadline) revert DeadlineNotReached(deal.deadline);

        deal.settled = true;
        emit TakenBack(targetHash, deal.payer, deal.amount);
        Address.sendValue(payable(deal.payer), deal.amount);
    }

    function _requireOpen(bytes32 targetHash) private view returns (Deal storage deal) {
        deal = deals[targetHash];
        if (deal.payer == address(0)) revert DealUnknown(targetHash);
        if (deal.settled) revert DealSettled(targetHash);
    }
}
