/**
 * Functions that templates may call: Go's own, two of gateways, and those of the library sprig (Masterminds/sprig on GitHub,
 * `GenericFuncMap`) without the two that read the environment, which gateways take away.
 */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  ...'and call eq ge gt html index js le len lt ne not or print printf println slice urlquery'.split(' '),
  ...['jsonMarshal', 'xmlMarshal'],
  ...'abbrev abbrevboth add add1 add1f addf adler32sum ago all any append atoi b32dec b32enc b64dec'.split(' '),
  ...'b64enc base bcrypt biggest buildCustomCert camelcase cat ceil chunk clean coalesce compact'.split(' '),
  ...'concat contains date dateInZone dateModify decryptAES deepCopy deepEqual default derivePassword'.split(' '),
  ...'dict dig dir div divf duration durationRound empty encryptAES ext fail first float64 floor'.split(' '),
  ...'fromJson genCA genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey'.split(' '),
  ...'genSignedCert genSignedCertWithKey get getHostByName has hasKey hasPrefix hasSuffix hello'.split(' '),
  ...'htmlDate htmlDateInZone htpasswd indent initial initials int int64 isAbs join kebabcase keys'.split(' '),
  ...'kindIs kindOf last list lower max maxf merge mergeOverwrite min minf mod mul mulf mustAppend'.split(' '),
  ...'mustChunk mustCompact mustDateModify mustDeepCopy mustFirst mustFromJson mustHas mustInitial'.split(' '),
  ...'mustLast mustMerge mustMergeOverwrite mustPrepend mustRegexFind mustRegexFindAll mustRegexMatch'.split(' '),
  ...'mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse mustSlice'.split(' '),
  ...'mustToDate mustToJson mustToPrettyJson mustToRawJson mustUniq mustWithout nindent nospace now'.split(' '),
  ...'omit osBase osClean osDir osExt osIsAbs pick pluck plural prepend quote randAlpha randAlphaNum'.split(' '),
  ...'randAscii randBytes randInt randNumeric regexFind regexFindAll regexMatch regexQuoteMeta'.split(' '),
  ...'regexReplaceAll regexReplaceAllLiteral regexSplit repeat replace rest reverse round semver'.split(' '),
  ...'semverCompare seq set sha1sum sha256sum sha512sum shuffle slice snakecase sortAlpha split'.split(' '),
  ...'splitList splitn squote sub subf substr swapcase ternary title toDate toDecimal toJson'.split(' '),
  ...'toPrettyJson toRawJson toString toStrings trim trimAll trimPrefix trimSuffix trimall trunc'.split(' '),
  ...'tuple typeIs typeIsLike typeOf uniq unixEpoch unset until untilStep untitle upper urlJoin'.split(' '),
  ...'urlParse uuidv4 values without wrap wrapWith'.split(' '),
]);
