"""The table of ISO 15118-2: every type that a DC session reaches. grammar.py explains the form.

Names, order, bounds and enum values are facts of the schema of ISO 15118-2 (urn:iso:15118:2:2013:MsgDef). Where the
schema leaves the length of a string open, it is 64. The numbers ServiceID, NotificationMaxDelay and
MaxEntriesSAScheduleTuple are read wider than the schema says, because the reference encoder does not check them. Bytes
in base64 in the schema are hexadecimal digits here, like all others.
"""

NAMESPACE = "urn:iso:15118:2:2013:MsgDef"
ROOT, ROOTS = 76, 80
"""The event code of V2G_Message among the global elements of the schema, and how many they are."""
ENUMS = {
    "FaultCode": "ParsingError NoTLSRootCertificatAvailable UnknownError",
    "EVSEProcessing": "Finished Ongoing Ongoing_WaitingForCustomerInteraction",
    "EVErrorCode": (
        "NO_ERROR FAILED_RESSTemperatureInhibit FAILED_EVShiftPosition FAILED_ChargerConnectorLockFault "
        "FAILED_EVRESSMalfunction FAILED_ChargingCurrentdifferential FAILED_ChargingVoltageOutOfRange Reserved_A "
        "Reserved_B Reserved_C FAILED_ChargingSystemIncompatibility NoData"
    ),
    "EVSENotification": "None StopCharging ReNegotiation",
    "EVSEIsolationStatus": "Invalid Valid Warning Fault No_IMD",
    "EVSEStatusCode": (
        "EVSE_NotReady EVSE_Ready EVSE_Shutdown EVSE_UtilityInterruptEvent EVSE_IsolationMonitoringActive "
        "EVSE_EmergencyShutdown EVSE_Malfunction Reserved_8 Reserved_9 Reserved_A Reserved_B Reserved_C"
    ),
    "RequestedEnergyTransferMode": (
        "AC_single_phase_core AC_three_phase_core DC_core DC_extended DC_combo_core DC_unique"
    ),
    "Unit": "h m s A V W Wh",
    "costKind": "relativePricePercentage RenewableGenerationPercentage CarbonDioxideEmission",
    "PaymentOption": "Contract ExternalPayment",
    "ChargeProgress": "Start Stop Renegotiate",
    "ServiceCategory": "EVCharging Internet ContractCertificate OtherCustom",
    "EnergyTransferMode": "AC_single_phase_core AC_three_phase_core DC_core DC_extended DC_combo_core DC_unique",
    "ChargingSession": "Terminate Pause",
    "ResponseCode": (
        "OK OK_NewSessionEstablished OK_OldSessionJoined OK_CertificateExpiresSoon FAILED FAILED_SequenceError "
        "FAILED_ServiceIDInvalid FAILED_UnknownSession FAILED_ServiceSelectionInvalid FAILED_PaymentSelectionInvalid "
        "FAILED_CertificateExpired FAILED_SignatureError FAILED_NoCertificateAvailable FAILED_CertChainError "
        "FAILED_ChallengeInvalid FAILED_ContractCanceled FAILED_WrongChargeParameter FAILED_PowerDeliveryNotApplied "
        "FAILED_TariffSelectionInvalid FAILED_ChargingProfileInvalid FAILED_MeteringSignatureNotValid "
        "FAILED_NoChargeServiceSelected FAILED_WrongEnergyTransferMode FAILED_ContactorError "
        "FAILED_CertificateNotAllowedAtThisEVSE FAILED_CertificateRevoked"
    ),
}
TYPES = {
    "V2G_Message": "Header:MessageHeaderType Body",
    "MessageHeaderType": "SessionID:hex8 Notification? Signature:-?",
    "NotificationType": "FaultCode FaultMsg:str64?",
    "BodyType": (
        "AuthorizationReq|AuthorizationRes|BodyElement:-|CableCheckReq|CableCheckRes|CertificateInstallationReq:-|"
        "CertificateInstallationRes:-|CertificateUpdateReq:-|CertificateUpdateRes:-|ChargeParameterDiscoveryReq|"
        "ChargeParameterDiscoveryRes|ChargingStatusReq:-|ChargingStatusRes:-|CurrentDemandReq|CurrentDemandRes|"
        "MeteringReceiptReq|MeteringReceiptRes|PaymentDetailsReq:-|PaymentDetailsRes:-|PaymentServiceSelectionReq|"
        "PaymentServiceSelectionRes|PowerDeliveryReq|PowerDeliveryRes|PreChargeReq|PreChargeRes|ServiceDetailReq|"
        "ServiceDetailRes|ServiceDiscoveryReq|ServiceDiscoveryRes|SessionSetupReq|SessionSetupRes|SessionStopReq|"
        "SessionStopRes|WeldingDetectionReq|WeldingDetectionRes?"
    ),
    "AuthorizationReqType": "@Id:str64? GenChallenge:hex16?",
    "AuthorizationResType": "ResponseCode EVSEProcessing",
    "CableCheckReqType": "DC_EVStatus",
    "DC_EVStatusType": "EVReady:bool EVErrorCode EVRESSSOC:0..100",
    "CableCheckResType": "ResponseCode DC_EVSEStatus EVSEProcessing",
    "DC_EVSEStatusType": "NotificationMaxDelay:u32 EVSENotification EVSEIsolationStatus? EVSEStatusCode",
    "ChargeParameterDiscoveryReqType": (
        "MaxEntriesSAScheduleTuple:u32? RequestedEnergyTransferMode AC_EVChargeParameter|DC_EVChargeParameter|"
        "EVChargeParameter"
    ),
    "AC_EVChargeParameterType": (
        "DepartureTime:u32? EAmount:PhysicalValueType EVMaxVoltage:PhysicalValueType EVMaxCurrent:PhysicalValueType "
        "EVMinCurrent:PhysicalValueType"
    ),
    "PhysicalValueType": "Multiplier:-3..3 Unit Value:i16",
    "DC_EVChargeParameterType": (
        "DepartureTime:u32? DC_EVStatus EVMaximumCurrentLimit:PhysicalValueType "
        "EVMaximumPowerLimit:PhysicalValueType? EVMaximumVoltageLimit:PhysicalValueType "
        "EVEnergyCapacity:PhysicalValueType? EVEnergyRequest:PhysicalValueType? FullSOC:0..100? BulkSOC:0..100?"
    ),
    "EVChargeParameterType": "DepartureTime:u32?",
    "ChargeParameterDiscoveryResType": (
        "ResponseCode EVSEProcessing SAScheduleList|SASchedules? AC_EVSEChargeParameter|DC_EVSEChargeParameter|"
        "EVSEChargeParameter"
    ),
    "SAScheduleListType": "SAScheduleTuple[3]",
    "SAScheduleTupleType": "SAScheduleTupleID:1..255 PMaxSchedule SalesTariff?",
    "PMaxScheduleType": "PMaxScheduleEntry[1024]",
    "PMaxScheduleEntryType": "RelativeTimeInterval|TimeInterval:IntervalType PMax:PhysicalValueType",
    "RelativeTimeIntervalType": "start:u32 duration:u32?",
    "IntervalType": "",
    "SalesTariffType": (
        "@Id:str64? SalesTariffID:1..255 SalesTariffDescription:str32? NumEPriceLevels:0..255? SalesTariffEntry[1024]"
    ),
    "SalesTariffEntryType": "RelativeTimeInterval|TimeInterval:IntervalType EPriceLevel:0..255? ConsumptionCost[3]?",
    "ConsumptionCostType": "startValue:PhysicalValueType Cost[3]",
    "CostType": "costKind amount:u32 amountMultiplier:-3..3?",
    "SASchedulesType": "",
    "AC_EVSEChargeParameterType": "AC_EVSEStatus EVSENominalVoltage:PhysicalValueType EVSEMaxCurrent:PhysicalValueType",
    "AC_EVSEStatusType": "NotificationMaxDelay:u32 EVSENotification RCD:bool",
    "DC_EVSEChargeParameterType": (
        "DC_EVSEStatus EVSEMaximumCurrentLimit:PhysicalValueType EVSEMaximumPowerLimit:PhysicalValueType "
        "EVSEMaximumVoltageLimit:PhysicalValueType EVSEMinimumCurrentLimit:PhysicalValueType "
        "EVSEMinimumVoltageLimit:PhysicalValueType EVSECurrentRegulationTolerance:PhysicalValueType? "
        "EVSEPeakCurrentRipple:PhysicalValueType EVSEEnergyToBeDelivered:PhysicalValueType?"
    ),
    "EVSEChargeParameterType": "",
    "CurrentDemandReqType": (
        "DC_EVStatus EVTargetCurrent:PhysicalValueType EVMaximumVoltageLimit:PhysicalValueType? "
        "EVMaximumCurrentLimit:PhysicalValueType? EVMaximumPowerLimit:PhysicalValueType? BulkChargingComplete:bool? "
        "ChargingComplete:bool RemainingTimeToFullSoC:PhysicalValueType? RemainingTimeToBulkSoC:PhysicalValueType? "
        "EVTargetVoltage:PhysicalValueType"
    ),
    "CurrentDemandResType": (
        "ResponseCode DC_EVSEStatus EVSEPresentVoltage:PhysicalValueType EVSEPresentCurrent:PhysicalValueType "
        "EVSECurrentLimitAchieved:bool EVSEVoltageLimitAchieved:bool EVSEPowerLimitAchieved:bool "
        "EVSEMaximumVoltageLimit:PhysicalValueType? EVSEMaximumCurrentLimit:PhysicalValueType? "
        "EVSEMaximumPowerLimit:PhysicalValueType? EVSEID:str37 SAScheduleTupleID:1..255 MeterInfo? "
        "ReceiptRequired:bool?"
    ),
    "MeterInfoType": "MeterID:str32 MeterReading:u64? SigMeterReading:hex64? MeterStatus:i16? TMeter:i64?",
    "MeteringReceiptReqType": "@Id:str64? SessionID:hex8 SAScheduleTupleID:1..255? MeterInfo",
    "MeteringReceiptResType": "ResponseCode AC_EVSEStatus|DC_EVSEStatus|EVSEStatus",
    "EVSEStatusType": "NotificationMaxDelay:u32 EVSENotification",
    "PaymentServiceSelectionReqType": "SelectedPaymentOption:PaymentOption SelectedServiceList",
    "SelectedServiceListType": "SelectedService[16]",
    "SelectedServiceType": "ServiceID:u32 ParameterSetID:i16?",
    "PaymentServiceSelectionResType": "ResponseCode",
    "PowerDeliveryReqType": (
        "ChargeProgress SAScheduleTupleID:1..255 ChargingProfile? DC_EVPowerDeliveryParameter|EVPowerDeliveryParameter?"
    ),
    "ChargingProfileType": "ProfileEntry[24]",
    "ProfileEntryType": (
        "ChargingProfileEntryStart:u32 ChargingProfileEntryMaxPower:PhysicalValueType "
        "ChargingProfileEntryMaxNumberOfPhasesInUse:1..3?"
    ),
    "DC_EVPowerDeliveryParameterType": "DC_EVStatus BulkChargingComplete:bool? ChargingComplete:bool",
    "EVPowerDeliveryParameterType": "",
    "PowerDeliveryResType": "ResponseCode AC_EVSEStatus|DC_EVSEStatus|EVSEStatus",
    "PreChargeReqType": "DC_EVStatus EVTargetVoltage:PhysicalValueType EVTargetCurrent:PhysicalValueType",
    "PreChargeResType": "ResponseCode DC_EVSEStatus EVSEPresentVoltage:PhysicalValueType",
    "ServiceDetailReqType": "ServiceID:u32",
    "ServiceDetailResType": "ResponseCode ServiceID:u32 ServiceParameterList?",
    "ServiceParameterListType": "ParameterSet[255]",
    "ParameterSetType": "ParameterSetID:i16 Parameter[16]",
    "ParameterType": (
        "@Name:str64 boolValue:bool|byteValue:-128..127|shortValue:i16|intValue:i32|physicalValue:PhysicalValueType|"
        "stringValue:str64"
    ),
    "ServiceDiscoveryReqType": "ServiceScope:str64? ServiceCategory?",
    "ServiceDiscoveryResType": "ResponseCode PaymentOptionList ChargeService ServiceList?",
    "PaymentOptionListType": "PaymentOption[2]",
    "ChargeServiceType": (
        "ServiceID:u32 ServiceName:str32? ServiceCategory ServiceScope:str64? FreeService:bool "
        "SupportedEnergyTransferMode"
    ),
    "SupportedEnergyTransferModeType": "EnergyTransferMode[6]",
    "ServiceListType": "Service[8]",
    "ServiceType": "ServiceID:u32 ServiceName:str32? ServiceCategory ServiceScope:str64? FreeService:bool",
    "SessionSetupReqType": "EVCCID:hex6",
    "SessionSetupResType": "ResponseCode EVSEID:str37 EVSETimeStamp:i64?",
    "SessionStopReqType": "ChargingSession",
    "SessionStopResType": "ResponseCode",
    "WeldingDetectionReqType": "DC_EVStatus",
    "WeldingDetectionResType": "ResponseCode DC_EVSEStatus EVSEPresentVoltage:PhysicalValueType",
}
