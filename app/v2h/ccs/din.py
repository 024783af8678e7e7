"""The table of DIN SPEC 70121: every type that a DC session reaches. grammar.py explains the form.

Names, order, bounds and enum values are facts of the schema of DIN SPEC 70121 (urn:din:70121:2012:MsgDef). Where the
schema leaves the length of a string open, it is 64. The numbers ServiceID, SAScheduleTupleID, PMaxScheduleID and
ChargingProfileEntryMaxPower are read wider than the schema says, because the reference encoder does not check them.
"""

NAMESPACE = "urn:din:70121:2012:MsgDef"
ROOT, ROOTS = 77, 81
"""The event code of V2G_Message among the global elements of the schema, and how many they are."""
ENUMS = {
    "FaultCode": "ParsingError NoTLSRootCertificatAvailable UnknownError",
    "EVErrorCode": (
        "NO_ERROR FAILED_RESSTemperatureInhibit FAILED_EVShiftPosition FAILED_ChargerConnectorLockFault "
        "FAILED_EVRESSMalfunction FAILED_ChargingCurrentdifferential FAILED_ChargingVoltageOutOfRange Reserved_A "
        "Reserved_B Reserved_C FAILED_ChargingSystemIncompatibility NoData"
    ),
    "EVSEProcessing": "Finished Ongoing",
    "EVSEIsolationStatus": "Invalid Valid Warning Fault",
    "EVSEStatusCode": (
        "EVSE_NotReady EVSE_Ready EVSE_Shutdown EVSE_UtilityInterruptEvent EVSE_IsolationMonitoringActive "
        "EVSE_EmergencyShutdown EVSE_Malfunction Reserved_8 Reserved_9 Reserved_A Reserved_B Reserved_C"
    ),
    "EVSENotification": "None StopCharging ReNegotiation",
    "EVRequestedEnergyTransferType": (
        "AC_single_phase_core AC_three_phase_core DC_core DC_extended DC_combo_core DC_unique"
    ),
    "Unit": "h m s A Ah V VA W W/s Wh",
    "costKind": "relativePricePercentage RenewableGenerationPercentage CarbonDioxideEmission",
    "ValueType": "bool byte short int physicalValue string",
    "ServiceCategory": "EVCharging Internet ContractCertificate OtherCustom",
    "PaymentOption": "Contract ExternalPayment",
    "EnergyTransferType": (
        "AC_single_phase_core AC_three_phase_core DC_core DC_extended DC_combo_core DC_dual AC_core1p_DC_extended "
        "AC_single_DC_core AC_single_phase_three_phase_core_DC_extended AC_core3p_DC_extended"
    ),
    "ResponseCode": (
        "OK OK_NewSessionEstablished OK_OldSessionJoined OK_CertificateExpiresSoon FAILED FAILED_SequenceError "
        "FAILED_ServiceIDInvalid FAILED_UnknownSession FAILED_ServiceSelectionInvalid FAILED_PaymentSelectionInvalid "
        "FAILED_CertificateExpired FAILED_SignatureError FAILED_NoCertificateAvailable FAILED_CertChainError "
        "FAILED_ChallengeInvalid FAILED_ContractCanceled FAILED_WrongChargeParameter FAILED_PowerDeliveryNotApplied "
        "FAILED_TariffSelectionInvalid FAILED_ChargingProfileInvalid FAILED_EVSEPresentVoltageToLow "
        "FAILED_MeteringSignatureNotValid FAILED_WrongEnergyTransferType"
    ),
}
TYPES = {
    "V2G_Message": "Header:MessageHeaderType Body",
    "MessageHeaderType": "SessionID:hex8 Notification? Signature:-?",
    "NotificationType": "FaultCode FaultMsg:str64?",
    "BodyType": (
        "BodyElement:-|CableCheckReq|CableCheckRes|CertificateInstallationReq:-|CertificateInstallationRes:-|"
        "CertificateUpdateReq:-|CertificateUpdateRes:-|ChargeParameterDiscoveryReq|ChargeParameterDiscoveryRes|"
        "ChargingStatusReq:-|ChargingStatusRes:-|ContractAuthenticationReq|ContractAuthenticationRes|"
        "CurrentDemandReq|CurrentDemandRes|MeteringReceiptReq|MeteringReceiptRes|PaymentDetailsReq:-|"
        "PaymentDetailsRes:-|PowerDeliveryReq|PowerDeliveryRes|PreChargeReq|PreChargeRes|ServiceDetailReq|"
        "ServiceDetailRes|ServiceDiscoveryReq|ServiceDiscoveryRes|ServicePaymentSelectionReq|"
        "ServicePaymentSelectionRes|SessionSetupReq|SessionSetupRes|SessionStopReq:SessionStopType|SessionStopRes|"
        "WeldingDetectionReq|WeldingDetectionRes?"
    ),
    "CableCheckReqType": "DC_EVStatus",
    "DC_EVStatusType": "EVReady:bool EVCabinConditioning:bool? EVRESSConditioning:bool? EVErrorCode EVRESSSOC:0..100",
    "CableCheckResType": "ResponseCode DC_EVSEStatus EVSEProcessing",
    "DC_EVSEStatusType": "EVSEIsolationStatus? EVSEStatusCode NotificationMaxDelay:u32 EVSENotification",
    "ChargeParameterDiscoveryReqType": (
        "EVRequestedEnergyTransferType AC_EVChargeParameter|DC_EVChargeParameter|EVChargeParameter"
    ),
    "AC_EVChargeParameterType": (
        "DepartureTime:u32 EAmount:PhysicalValueType EVMaxVoltage:PhysicalValueType EVMaxCurrent:PhysicalValueType "
        "EVMinCurrent:PhysicalValueType"
    ),
    "PhysicalValueType": "Multiplier:-3..3 Unit? Value:i16",
    "DC_EVChargeParameterType": (
        "DC_EVStatus EVMaximumCurrentLimit:PhysicalValueType EVMaximumPowerLimit:PhysicalValueType? "
        "EVMaximumVoltageLimit:PhysicalValueType EVEnergyCapacity:PhysicalValueType? "
        "EVEnergyRequest:PhysicalValueType? FullSOC:0..100? BulkSOC:0..100?"
    ),
    "EVChargeParameterType": "",
    "ChargeParameterDiscoveryResType": (
        "ResponseCode EVSEProcessing SAScheduleList|SASchedules AC_EVSEChargeParameter|DC_EVSEChargeParameter|"
        "EVSEChargeParameter"
    ),
    "SAScheduleListType": "SAScheduleTuple[n]",
    "SAScheduleTupleType": "SAScheduleTupleID:i32 PMaxSchedule SalesTariff?",
    "PMaxScheduleType": "PMaxScheduleID:i32 PMaxScheduleEntry[n]",
    "PMaxScheduleEntryType": "RelativeTimeInterval|TimeInterval:IntervalType PMax:i16",
    "RelativeTimeIntervalType": "start:u32 duration:u32?",
    "IntervalType": "",
    "SalesTariffType": (
        "@Id:str64 SalesTariffID:i32 SalesTariffDescription:str32? NumEPriceLevels:0..255 SalesTariffEntry[n]"
    ),
    "SalesTariffEntryType": "RelativeTimeInterval|TimeInterval:IntervalType EPriceLevel:0..255 ConsumptionCost[n]?",
    "ConsumptionCostType": "startValue:u32 Cost[n]?",
    "CostType": "costKind amount:u32 amountMultiplier:-3..3?",
    "SASchedulesType": "",
    "AC_EVSEChargeParameterType": (
        "AC_EVSEStatus EVSEMaxVoltage:PhysicalValueType EVSEMaxCurrent:PhysicalValueType "
        "EVSEMinCurrent:PhysicalValueType"
    ),
    "AC_EVSEStatusType": "PowerSwitchClosed:bool RCD:bool NotificationMaxDelay:u32 EVSENotification",
    "DC_EVSEChargeParameterType": (
        "DC_EVSEStatus EVSEMaximumCurrentLimit:PhysicalValueType EVSEMaximumPowerLimit:PhysicalValueType? "
        "EVSEMaximumVoltageLimit:PhysicalValueType EVSEMinimumCurrentLimit:PhysicalValueType "
        "EVSEMinimumVoltageLimit:PhysicalValueType EVSECurrentRegulationTolerance:PhysicalValueType? "
        "EVSEPeakCurrentRipple:PhysicalValueType EVSEEnergyToBeDelivered:PhysicalValueType?"
    ),
    "EVSEChargeParameterType": "",
    "ContractAuthenticationReqType": "@Id:str64? GenChallenge:str64?",
    "ContractAuthenticationResType": "ResponseCode EVSEProcessing",
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
        "EVSEMaximumPowerLimit:PhysicalValueType?"
    ),
    "MeteringReceiptReqType": "@Id:str64? SessionID:hex8 SAScheduleTupleID:i32? MeterInfo",
    "MeterInfoType": (
        "MeterID:str32 MeterReading:PhysicalValueType? SigMeterReading:hex32? MeterStatus:i16? TMeter:i64?"
    ),
    "MeteringReceiptResType": "ResponseCode AC_EVSEStatus",
    "PowerDeliveryReqType": (
        "ReadyToChargeState:bool ChargingProfile? DC_EVPowerDeliveryParameter|EVPowerDeliveryParameter?"
    ),
    "ChargingProfileType": "SAScheduleTupleID:i32 ProfileEntry[n]",
    "ProfileEntryType": "ChargingProfileEntryStart:u32 ChargingProfileEntryMaxPower:i32",
    "DC_EVPowerDeliveryParameterType": "DC_EVStatus BulkChargingComplete:bool? ChargingComplete:bool",
    "EVPowerDeliveryParameterType": "",
    "PowerDeliveryResType": "ResponseCode AC_EVSEStatus|DC_EVSEStatus|EVSEStatus",
    "EVSEStatusType": "",
    "PreChargeReqType": "DC_EVStatus EVTargetVoltage:PhysicalValueType EVTargetCurrent:PhysicalValueType",
    "PreChargeResType": "ResponseCode DC_EVSEStatus EVSEPresentVoltage:PhysicalValueType",
    "ServiceDetailReqType": "ServiceID:u32",
    "ServiceDetailResType": "ResponseCode ServiceID:u32 ServiceParameterList?",
    "ServiceParameterListType": "ParameterSet[n]",
    "ParameterSetType": "ParameterSetID:i16 Parameter[n]",
    "ParameterType": (
        "@Name:str64 @ValueType:ValueType boolValue:bool|byteValue:-128..127|shortValue:i16|intValue:i32|"
        "physicalValue:PhysicalValueType|stringValue:str64"
    ),
    "ServiceDiscoveryReqType": "ServiceScope:str32? ServiceCategory?",
    "ServiceDiscoveryResType": (
        "ResponseCode PaymentOptions ChargeService:ServiceChargeType ServiceList:ServiceTagListType?"
    ),
    "PaymentOptionsType": "PaymentOption[n]",
    "ServiceChargeType": "ServiceTag FreeService:bool EnergyTransferType",
    "ServiceTagType": "ServiceID:u32 ServiceName:str32? ServiceCategory ServiceScope:str32?",
    "ServiceTagListType": "Service[n]",
    "ServiceType": "ServiceTag FreeService:bool",
    "ServicePaymentSelectionReqType": "SelectedPaymentOption:PaymentOption SelectedServiceList",
    "SelectedServiceListType": "SelectedService[n]",
    "SelectedServiceType": "ServiceID:u32 ParameterSetID:i16?",
    "ServicePaymentSelectionResType": "ResponseCode",
    "SessionSetupReqType": "EVCCID:hex8",
    "SessionSetupResType": "ResponseCode EVSEID:hex32 DateTimeNow:i64?",
    "SessionStopType": "",
    "SessionStopResType": "ResponseCode",
    "WeldingDetectionReqType": "DC_EVStatus",
    "WeldingDetectionResType": "ResponseCode DC_EVSEStatus EVSEPresentVoltage:PhysicalValueType",
}
