<?xml version="1.0" encoding="UTF-8"?>
<!--
  The functions that rules may call (prefix sp:), for engines that are not ours: one named template each, XSLT 1.0 without
  extensions. `sealpost publish` makes of each template what an engine can call: for plain XSLT 1.0 it stays a template, for the
  Schematron bindings it becomes a func:function (EXSLT) or an xsl:function (XSLT 2.0).

  For that, and so that every engine reads them alike:
  - sp:returns says what a function gives: boolean (the text true or false), number or string. A template without it is for the
    others only. sp:as="nodes" passes an argument as it is; all others arrive as text, white space collapsed.
  - A parameter that callers may leave out has a select. xsl:with-param has a select too.
  - No template looks at the context node, except inside xsl:for-each.
  - Text becomes a number by number(), a number becomes text by format-number(): XPath 2.0 does neither by itself.
  - A variable that holds the result of a template is compared as text or turned by string() or number() first.

  `sp:screened`, `sp:keyed`, `sp:excusing`, `sp:holidays`, `sp:days-off`, `sp:codes`, `sp:values`, `sp:editions` and `sp:excerpt` are data:
  generated from word lists, calendars, code lists and texts of law.
  The same values are tested in Python and here (tests/publish/test_functions.py).
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:sealpost:common:1"
    xmlns:sp="urn:sealpost:functions:1" exclude-result-prefixes="c sp">

  <!-- Identifiers. -->

  <xsl:template name="sp:ssin-valid" sp:returns="boolean">
    <xsl:param name="number"/>
    <xsl:variable name="birth">
      <xsl:call-template name="sp:ssin-birth"><xsl:with-param name="number" select="$number"/></xsl:call-template>
    </xsl:variable>
    <xsl:value-of select="string($birth) != ''"/>
  </xsl:template>

  <xsl:template name="sp:ssin-birthdate-agrees" sp:returns="boolean">
    <xsl:param name="number"/>
    <xsl:param name="date"/>
    <xsl:variable name="found">
      <xsl:call-template name="sp:ssin-birth"><xsl:with-param name="number" select="$number"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="birth" select="string($found)"/>
    <xsl:variable name="month" select="substring($birth, 6, 2)"/>
    <xsl:variable name="day" select="substring($birth, 9, 2)"/>
    <xsl:value-of select="$birth = '' or translate($date, '0123456789', '9999999999') != '9999-99-99'
      or (substring($birth, 1, 4) = substring($date, 1, 4) and ($month = '00' or $month = substring($date, 6, 2))
      and ($day = '00' or $day = substring($date, 9, 2)))"/>
  </xsl:template>

  <!-- YYYY-MM-DD, 00 for an unknown month or day; nothing if the number is not valid. -->
  <xsl:template name="sp:ssin-birth">
    <xsl:param name="number"/>
    <xsl:if test="translate($number, '0123456789', '9999999999') = '99999999999'">
      <xsl:variable name="stem" select="number(substring($number, 1, 9))"/>
      <xsl:variable name="serial" select="number(substring($number, 7, 3))"/>
      <xsl:variable name="check" select="number(substring($number, 10, 2))"/>
      <xsl:variable name="century">
        <xsl:choose>
          <xsl:when test="$check = 97 - $stem mod 97">19</xsl:when>
          <xsl:when test="$check = 97 - (2000000000 + $stem) mod 97">20</xsl:when>
        </xsl:choose>
      </xsl:variable>
      <xsl:variable name="stated" select="number(substring($number, 3, 2))"/>
      <xsl:variable name="less">
        <xsl:choose>
          <xsl:when test="$stated &gt;= 20 and $stated &lt;= 32">20</xsl:when>
          <xsl:when test="$stated &gt;= 40 and $stated &lt;= 52">40</xsl:when>
          <xsl:otherwise>0</xsl:otherwise>
        </xsl:choose>
      </xsl:variable>
      <xsl:variable name="month" select="$stated - number($less)"/>
      <xsl:variable name="year" select="concat(string($century), substring($number, 1, 2))"/>
      <xsl:variable name="length">
        <xsl:choose>
          <xsl:when test="$month = 0">31</xsl:when>
          <xsl:otherwise>
            <xsl:call-template name="sp:month-length">
              <xsl:with-param name="year" select="number($year)"/>
              <xsl:with-param name="month" select="$month"/>
            </xsl:call-template>
          </xsl:otherwise>
        </xsl:choose>
      </xsl:variable>
      <xsl:if test="$serial &gt;= 1 and $serial &lt;= 997 and string($century) != '' and $month &lt;= 12
          and number(substring($number, 5, 2)) &lt;= number($length)">
        <xsl:value-of select="concat($year, '-', format-number($month, '00'), '-', substring($number, 5, 2))"/>
      </xsl:if>
    </xsl:if>
  </xsl:template>

  <xsl:template name="sp:enterprise-number-valid" sp:returns="boolean">
    <xsl:param name="number"/>
    <xsl:value-of select="translate($number, '0123456789', '9999999999') = '9999999999'
      and (starts-with($number, '0') or starts-with($number, '1'))
      and number(substring($number, 9, 2)) = 97 - number(substring($number, 1, 8)) mod 97"/>
  </xsl:template>

  <xsl:template name="sp:establishment-number-valid" sp:returns="boolean">
    <xsl:param name="number"/>
    <xsl:value-of select="translate($number, '0123456789', '9999999999') = '9999999999'
      and number(substring($number, 1, 1)) &gt;= 2 and number(substring($number, 1, 1)) &lt;= 8
      and number(substring($number, 9, 2)) = 97 - number(substring($number, 1, 8)) mod 97"/>
  </xsl:template>

  <xsl:template name="sp:nihdi-valid" sp:returns="boolean">
    <xsl:param name="number"/>
    <xsl:variable name="modulus">
      <xsl:call-template name="sp:nihdi-modulus"><xsl:with-param name="number" select="$number"/></xsl:call-template>
    </xsl:variable>
    <xsl:value-of select="string($modulus) != '0'"/>
  </xsl:template>

  <!-- 97, 89, 83 or 79; 0 for none. -->
  <xsl:template name="sp:nihdi-modulus" sp:returns="number">
    <xsl:param name="number"/>
    <xsl:variable name="stem" select="number(substring($number, 1, 6))"/>
    <xsl:variable name="check" select="number(substring($number, 7, 2))"/>
    <xsl:choose>
      <xsl:when test="translate($number, '0123456789', '9999999999') != '99999999999' or not(starts-with($number, '1'))">0</xsl:when>
      <xsl:when test="$check = 97 - $stem mod 97">97</xsl:when>
      <xsl:when test="$check = 89 - $stem mod 89">89</xsl:when>
      <xsl:when test="$check = 83 - $stem mod 83">83</xsl:when>
      <xsl:when test="$check = 79 - $stem mod 79">79</xsl:when>
      <xsl:otherwise>0</xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template name="sp:cas-valid" sp:returns="boolean">
    <xsl:param name="number"/>
    <xsl:variable name="first" select="substring-before($number, '-')"/>
    <xsl:variable name="digits" select="concat(substring('0000000', string-length($first) + 1), $first,
      substring(substring-after($number, '-'), 1, 2))"/>
    <xsl:variable name="shape" select="translate($number, '0123456789', '9999999999')"/>
    <xsl:value-of select="string-length($first) &gt;= 2 and string-length($first) &lt;= 7 and not(starts-with($first, '0'))
      and $shape = concat(substring('9999999', 1, string-length($first)), '-99-9')
      and (number(substring($digits, 1, 1)) * 9 + number(substring($digits, 2, 1)) * 8
        + number(substring($digits, 3, 1)) * 7 + number(substring($digits, 4, 1)) * 6 + number(substring($digits, 5, 1)) * 5
        + number(substring($digits, 6, 1)) * 4 + number(substring($digits, 7, 1)) * 3 + number(substring($digits, 8, 1)) * 2
        + number(substring($digits, 9, 1))) mod 10 = number(substring($number, string-length($number), 1))"/>
  </xsl:template>

  <xsl:template name="sp:ec-valid" sp:returns="boolean">
    <xsl:param name="number"/>
    <xsl:value-of select="translate($number, '0123456789', '9999999999') = '999-999-9'
      and (number(substring($number, 1, 1)) + number(substring($number, 2, 1)) * 2 + number(substring($number, 3, 1)) * 3
        + number(substring($number, 5, 1)) * 4 + number(substring($number, 6, 1)) * 5 + number(substring($number, 7, 1)) * 6) mod 11
        = number(substring($number, 9, 1))"/>
  </xsl:template>

  <!-- Days. A date or the date of a date-time; anything else is none. -->

  <xsl:template name="sp:days-between" sp:returns="number">
    <xsl:param name="start"/>
    <xsl:param name="end"/>
    <xsl:variable name="first">
      <xsl:call-template name="sp:day-number"><xsl:with-param name="date" select="$start"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="second">
      <xsl:call-template name="sp:day-number"><xsl:with-param name="date" select="$end"/></xsl:call-template>
    </xsl:variable>
    <xsl:value-of select="format-number(number($second) - number($first), '0')"/>
  </xsl:template>

  <!-- The date after an ISO 8601 period; on the last day of a month that lacks the day. -->
  <xsl:template name="sp:add-period" sp:returns="string">
    <xsl:param name="date"/>
    <xsl:param name="period"/>
    <xsl:variable name="start">
      <xsl:call-template name="sp:day-number"><xsl:with-param name="date" select="$date"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="after-y" select="concat(substring-after($period, 'Y'),
      substring(substring-after($period, 'P'), 1, string-length($period) * number(not(contains($period, 'Y')))))"/>
    <xsl:variable name="after-m" select="concat(substring-after($after-y, 'M'),
      substring($after-y, 1, string-length($period) * number(not(contains($after-y, 'M')))))"/>
    <xsl:variable name="after-w" select="concat(substring-after($after-m, 'W'),
      substring($after-m, 1, string-length($period) * number(not(contains($after-m, 'W')))))"/>
    <xsl:variable name="years" select="substring-before(substring-after($period, 'P'), 'Y')"/>
    <xsl:variable name="months" select="substring-before($after-y, 'M')"/>
    <xsl:variable name="weeks" select="substring-before($after-m, 'W')"/>
    <xsl:variable name="days" select="substring-before($after-w, 'D')"/>
    <!-- Put together again it must be the same text, so nothing stood between or after the parts. -->
    <xsl:variable name="again" select="concat('P', $years, substring('Y', 1, number(contains($period, 'Y'))),
      $months, substring('M', 1, number(contains($after-y, 'M'))), $weeks, substring('W', 1, number(contains($after-m, 'W'))),
      $days, substring('D', 1, number(contains($after-w, 'D'))))"/>
    <xsl:if test="string($start) != '' and $again = $period and translate($again, 'PYMWD0123456789', '') = ''
        and string-length($again) &gt; 1
        and contains('0123456789', substring($again, 2, 1)) and contains('YMWD', substring($again, string-length($again)))
        and string-length($years) &lt;= 3 and string-length($months) &lt;= 4 and string-length($weeks) &lt;= 4
        and string-length($days) &lt;= 5 and not(contains($after-y, 'Y')) and not(contains($after-m, 'M'))
        and translate(concat($years, $months, $weeks, $days), 'PYMWD', '') = concat($years, $months, $weeks, $days)
        and boolean($years) = contains($period, 'Y') and boolean($months) = contains($after-y, 'M')
        and boolean($weeks) = contains($after-m, 'W') and boolean($days) = contains($after-w, 'D')">
      <xsl:variable name="count" select="number(substring($date, 1, 4)) * 12 + number(substring($date, 6, 2)) - 1
        + number(concat('0', $years)) * 12 + number(concat('0', $months))"/>
      <xsl:variable name="year" select="floor($count div 12)"/>
      <xsl:variable name="month" select="$count mod 12 + 1"/>
      <xsl:variable name="length">
        <xsl:call-template name="sp:month-length">
          <xsl:with-param name="year" select="$year"/>
          <xsl:with-param name="month" select="$month"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:variable name="day">
        <xsl:choose>
          <xsl:when test="number(substring($date, 9, 2)) &gt; number($length)"><xsl:value-of select="string($length)"/></xsl:when>
          <xsl:otherwise><xsl:value-of select="substring($date, 9, 2)"/></xsl:otherwise>
        </xsl:choose>
      </xsl:variable>
      <xsl:if test="$year &lt;= 9999">
        <xsl:variable name="shifted">
          <xsl:call-template name="sp:day-number">
            <xsl:with-param name="date" select="concat(format-number($year, '0000'), '-', format-number($month, '00'), '-', string($day))"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:call-template name="sp:date-of">
          <xsl:with-param name="day" select="number($shifted) + number(concat('0', $weeks)) * 7 + number(concat('0', $days))"/>
        </xsl:call-template>
      </xsl:if>
    </xsl:if>
  </xsl:template>

  <!-- InTime, InTimeOnReadingC (with more days off) or Late, for an act within a number of working days after day zero. -->
  <xsl:template name="sp:working-days-verdict" sp:returns="string">
    <xsl:param name="day-zero"/>
    <xsl:param name="length"/>
    <xsl:param name="act"/>
    <xsl:variable name="start">
      <xsl:call-template name="sp:day-number"><xsl:with-param name="date" select="$day-zero"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="done">
      <xsl:call-template name="sp:day-number"><xsl:with-param name="date" select="$act"/></xsl:call-template>
    </xsl:variable>
    <xsl:if test="string($start) != '' and string($done) != ''">
      <xsl:variable name="holidays">
        <xsl:call-template name="sp:holidays"><xsl:with-param name="year" select="number(substring($day-zero, 1, 4))"/></xsl:call-template>
        <xsl:call-template name="sp:holidays"><xsl:with-param name="year" select="number(substring($day-zero, 1, 4)) + 1"/></xsl:call-template>
      </xsl:variable>
      <xsl:variable name="days-off-l">
        <xsl:call-template name="sp:days-off"><xsl:with-param name="reading" select="'L'"/></xsl:call-template>
      </xsl:variable>
      <xsl:variable name="days-off-c">
        <xsl:call-template name="sp:days-off"><xsl:with-param name="reading" select="'C'"/></xsl:call-template>
      </xsl:variable>
      <xsl:variable name="reading-l">
        <xsl:call-template name="sp:after-working-days">
          <xsl:with-param name="holidays" select="string($holidays)"/>
          <xsl:with-param name="day" select="number($start)"/>
          <xsl:with-param name="length" select="number($length)"/>
          <xsl:with-param name="days-off" select="string($days-off-l)"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:variable name="reading-c">
        <xsl:call-template name="sp:after-working-days">
          <xsl:with-param name="holidays" select="string($holidays)"/>
          <xsl:with-param name="day" select="number($start)"/>
          <xsl:with-param name="length" select="number($length)"/>
          <xsl:with-param name="days-off" select="string($days-off-c)"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:choose>
        <xsl:when test="number($done) &lt;= number($reading-l)">InTime</xsl:when>
        <xsl:when test="number($done) &lt;= number($reading-c)">InTimeOnReadingC</xsl:when>
        <xsl:otherwise>Late</xsl:otherwise>
      </xsl:choose>
    </xsl:if>
  </xsl:template>

  <xsl:template name="sp:after-working-days">
    <xsl:param name="holidays"/>
    <xsl:param name="day"/>
    <xsl:param name="length"/>
    <xsl:param name="days-off"/>
    <xsl:choose>
      <xsl:when test="$length &lt; 1"><xsl:value-of select="format-number($day, '0')"/></xsl:when>
      <xsl:otherwise>
        <xsl:variable name="date">
          <xsl:call-template name="sp:date-of"><xsl:with-param name="day" select="$day + 1"/></xsl:call-template>
        </xsl:variable>
        <xsl:variable name="counts" select="not(contains($days-off, format-number(($day + 1) mod 7, '0')))
          and not(contains($holidays, string($date)))"/>
        <xsl:call-template name="sp:after-working-days">
          <xsl:with-param name="holidays" select="$holidays"/>
          <xsl:with-param name="day" select="$day + 1"/>
          <xsl:with-param name="length" select="$length - number($counts)"/>
          <xsl:with-param name="days-off" select="$days-off"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The Julian day number of a date, so that Monday is 0 modulo 7; nothing if there is no such day. -->
  <xsl:template name="sp:day-number">
    <xsl:param name="date"/>
    <xsl:variable name="text" select="substring($date, 1, 10)"/>
    <xsl:if test="translate($text, '0123456789', '9999999999') = '9999-99-99'">
      <xsl:variable name="year" select="number(substring($text, 1, 4))"/>
      <xsl:variable name="month" select="number(substring($text, 6, 2))"/>
      <xsl:variable name="day" select="number(substring($text, 9, 2))"/>
      <xsl:variable name="length">
        <xsl:call-template name="sp:month-length">
          <xsl:with-param name="year" select="$year"/>
          <xsl:with-param name="month" select="$month"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:if test="$year &gt;= 1 and $month &gt;= 1 and $month &lt;= 12 and $day &gt;= 1 and $day &lt;= number($length)">
        <xsl:variable name="before-march" select="floor((14 - $month) div 12)"/>
        <xsl:variable name="y" select="$year + 4800 - $before-march"/>
        <xsl:variable name="m" select="$month + 12 * $before-march - 3"/>
        <xsl:value-of select="format-number($day + floor((153 * $m + 2) div 5) + 365 * $y + floor($y div 4) - floor($y div 100)
          + floor($y div 400) - 32045, '0')"/>
      </xsl:if>
    </xsl:if>
  </xsl:template>

  <!-- The date of a Julian day number; nothing past the year 9999. -->
  <xsl:template name="sp:date-of">
    <xsl:param name="day"/>
    <xsl:variable name="a" select="$day + 32044"/>
    <xsl:variable name="b" select="floor((4 * $a + 3) div 146097)"/>
    <xsl:variable name="c" select="$a - floor(146097 * $b div 4)"/>
    <xsl:variable name="d" select="floor((4 * $c + 3) div 1461)"/>
    <xsl:variable name="e" select="$c - floor(1461 * $d div 4)"/>
    <xsl:variable name="m" select="floor((5 * $e + 2) div 153)"/>
    <xsl:if test="$day &lt;= 5373484">
      <xsl:value-of select="concat(format-number(100 * $b + $d - 4800 + floor($m div 10), '0000'), '-',
        format-number($m + 3 - 12 * floor($m div 10), '00'), '-', format-number($e - floor((153 * $m + 2) div 5) + 1, '00'))"/>
    </xsl:if>
  </xsl:template>

  <xsl:template name="sp:month-length">
    <xsl:param name="year"/>
    <xsl:param name="month"/>
    <xsl:choose>
      <xsl:when test="$month = 2 and $year mod 4 = 0 and ($year mod 100 != 0 or $year mod 400 = 0)">29</xsl:when>
      <xsl:otherwise><xsl:value-of select="substring('312831303130313130313031', 2 * $month - 1, 2)"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Code lists and texts of law. -->

  <xsl:template name="sp:in-codelist" sp:returns="boolean">
    <xsl:param name="list"/>
    <xsl:param name="code"/>
    <xsl:param name="edition" select="'*'"/>
    <xsl:variable name="codes">
      <xsl:call-template name="sp:codes">
        <xsl:with-param name="list" select="$list"/>
        <xsl:with-param name="edition" select="$edition"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:value-of select="$code != '' and not(contains($code, '|')) and contains(string($codes), concat('|', $code, '|'))"/>
  </xsl:template>

  <xsl:template name="sp:codelist-value" sp:returns="string">
    <xsl:param name="list"/>
    <xsl:param name="code"/>
    <xsl:param name="key"/>
    <xsl:if test="$code != '' and not(contains($code, '|'))">
      <xsl:call-template name="sp:values">
        <xsl:with-param name="list" select="$list"/>
        <xsl:with-param name="code" select="$code"/>
        <xsl:with-param name="key" select="$key"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template name="sp:edition-on" sp:returns="string">
    <xsl:param name="list"/>
    <xsl:param name="date"/>
    <xsl:variable name="day">
      <xsl:call-template name="sp:day-number"><xsl:with-param name="date" select="$date"/></xsl:call-template>
    </xsl:variable>
    <xsl:if test="string($day) != ''">
      <xsl:call-template name="sp:editions">
        <xsl:with-param name="list" select="$list"/>
        <xsl:with-param name="day" select="number($day)"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- Whether articles, paragraphs and digest are, word for word, those of a registered text: a tab before each article,
       two around each text. -->
  <xsl:template name="sp:excerpt-valid" sp:returns="boolean">
    <xsl:param name="node" sp:as="nodes"/>
    <xsl:param name="profile"/>
    <xsl:param name="language"/>
    <xsl:param name="date"/>
    <xsl:variable name="day">
      <xsl:call-template name="sp:day-number"><xsl:with-param name="date" select="$date"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="expected">
      <xsl:call-template name="sp:excerpt">
        <xsl:with-param name="profile" select="$profile"/>
        <xsl:with-param name="language" select="$language"/>
        <xsl:with-param name="day" select="number(concat('0', string($day)))"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="stated">
      <xsl:for-each select="$node[1]">
        <xsl:value-of select="concat(normalize-space(c:Digest[1]), '&#10;')"/>
        <xsl:for-each select="c:Article">
          <xsl:value-of select="concat('&#9;', normalize-space(@number), '&#10;')"/>
          <xsl:for-each select="c:Paragraph">
            <xsl:value-of select="concat(normalize-space(.), '&#10;')"/>
          </xsl:for-each>
        </xsl:for-each>
      </xsl:for-each>
    </xsl:variable>
    <xsl:value-of select="string($day) != '' and contains(string($expected), concat('&#9;&#9;', string($stated), '&#9;&#9;'))"/>
  </xsl:template>

  <!-- Free texts. What is looked for, and how a text is folded, is said in gateway/forms/screening.py. -->

  <xsl:template name="sp:health-word" sp:returns="boolean">
    <xsl:param name="text"/>
    <xsl:param name="language"/>
    <xsl:variable name="found">
      <xsl:call-template name="sp:matters">
        <xsl:with-param name="text" select="$text"/>
        <xsl:with-param name="language" select="$language"/>
        <xsl:with-param name="matters" select="'diagnosis|'"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:value-of select="string($found) != ''"/>
  </xsl:template>

  <!-- The first state that the text names, but for the excused one; nothing if none. -->
  <xsl:template name="sp:health-state" sp:returns="string">
    <xsl:param name="text"/>
    <xsl:param name="language"/>
    <xsl:param name="excused" select="''"/>
    <xsl:variable name="states">
      <xsl:call-template name="sp:screened"><xsl:with-param name="what" select="'states'"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="before" select="substring-before(concat('|', string($states)), concat('|', $excused, '|'))"/>
    <xsl:variable name="after" select="substring-after(concat('|', string($states)), concat('|', $excused, '|'))"/>
    <xsl:variable name="asked">
      <xsl:choose>
        <xsl:when test="$excused = '' or not(contains(concat('|', string($states)), concat('|', $excused, '|')))">
          <xsl:value-of select="string($states)"/>
        </xsl:when>
        <xsl:when test="$before = ''"><xsl:value-of select="$after"/></xsl:when>
        <xsl:otherwise><xsl:value-of select="concat(substring($before, 2), '|', $after)"/></xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <xsl:call-template name="sp:matters">
      <xsl:with-param name="text" select="$text"/>
      <xsl:with-param name="language" select="$language"/>
      <xsl:with-param name="matters" select="string($asked)"/>
    </xsl:call-template>
  </xsl:template>

  <!-- The first of the matters (each with a bar after it) that a text names; nothing for a language without lists. -->
  <xsl:template name="sp:matters">
    <xsl:param name="text"/>
    <xsl:param name="language"/>
    <xsl:param name="matters"/>
    <xsl:variable name="words">
      <xsl:call-template name="sp:folded">
        <xsl:with-param name="text" select="$text"/>
        <xsl:with-param name="kept" select="''"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="languages">
      <xsl:call-template name="sp:screened"><xsl:with-param name="what" select="'languages'"/></xsl:call-template>
    </xsl:variable>
    <!-- Most texts are done after one look, for any matter. -->
    <xsl:variable name="any">
      <xsl:if test="contains(string($languages), concat('|', $language, '|'))">
        <xsl:call-template name="sp:term-in">
          <xsl:with-param name="rest" select="substring(string($words), 2)"/>
          <xsl:with-param name="language" select="$language"/>
          <xsl:with-param name="matter" select="''"/>
          <xsl:with-param name="sorts" select="'words phrases'"/>
        </xsl:call-template>
      </xsl:if>
    </xsl:variable>
    <xsl:if test="string($any) != ''">
      <xsl:variable name="said">
        <xsl:call-template name="sp:without-phrases">
          <xsl:with-param name="rest" select="substring(string($words), 2)"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:variable name="allowed">
        <xsl:call-template name="sp:screened"><xsl:with-param name="what" select="'allowed'"/></xsl:call-template>
      </xsl:variable>
      <xsl:variable name="left">
        <xsl:call-template name="sp:without">
          <xsl:with-param name="text" select="concat(' ', string($said))"/>
          <xsl:with-param name="patterns" select="string($allowed)"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:call-template name="sp:first-matter">
        <xsl:with-param name="words" select="string($said)"/>
        <xsl:with-param name="left" select="concat(normalize-space(string($left)), ' ')"/>
        <xsl:with-param name="language" select="$language"/>
        <xsl:with-param name="matters" select="$matters"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- The first of the matters of which there is a phrase in `words`, or a word, an ending or a beginning in `left`. -->
  <xsl:template name="sp:first-matter">
    <xsl:param name="words"/>
    <xsl:param name="left"/>
    <xsl:param name="language"/>
    <xsl:param name="matters"/>
    <xsl:variable name="matter" select="substring-before($matters, '|')"/>
    <xsl:if test="$matter != ''">
      <xsl:variable name="named">
        <xsl:call-template name="sp:term-in">
          <xsl:with-param name="rest" select="$words"/>
          <xsl:with-param name="language" select="$language"/>
          <xsl:with-param name="matter" select="$matter"/>
          <xsl:with-param name="sorts" select="'phrases'"/>
        </xsl:call-template>
        <xsl:call-template name="sp:term-in">
          <xsl:with-param name="rest" select="$left"/>
          <xsl:with-param name="language" select="$language"/>
          <xsl:with-param name="matter" select="$matter"/>
          <xsl:with-param name="sorts" select="'words'"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:choose>
        <xsl:when test="string($named) != ''"><xsl:value-of select="$matter"/></xsl:when>
        <xsl:otherwise>
          <xsl:call-template name="sp:first-matter">
            <xsl:with-param name="words" select="$words"/>
            <xsl:with-param name="left" select="$left"/>
            <xsl:with-param name="language" select="$language"/>
            <xsl:with-param name="matters" select="substring-after($matters, '|')"/>
          </xsl:call-template>
        </xsl:otherwise>
      </xsl:choose>
    </xsl:if>
  </xsl:template>

  <!-- x if the words in `rest` (each with a space after it) have a term of the matter, or of any if none is given: of the sorts
       asked, words (with beginnings and endings) and phrases. Only the terms that begin or end as the word does are looked at. -->
  <xsl:template name="sp:term-in">
    <xsl:param name="rest"/>
    <xsl:param name="language"/>
    <xsl:param name="matter"/>
    <xsl:param name="sorts"/>
    <xsl:variable name="word" select="substring-before($rest, ' ')"/>
    <xsl:if test="$word != ''">
      <xsl:variable name="here">
        <xsl:call-template name="sp:term-here">
          <xsl:with-param name="word" select="$word"/>
          <xsl:with-param name="rest" select="substring-after($rest, ' ')"/>
          <xsl:with-param name="language" select="$language"/>
          <xsl:with-param name="matter" select="$matter"/>
          <xsl:with-param name="sorts" select="$sorts"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:choose>
        <xsl:when test="string($here) != ''">x</xsl:when>
        <xsl:otherwise>
          <xsl:call-template name="sp:term-in">
            <xsl:with-param name="rest" select="substring-after($rest, ' ')"/>
            <xsl:with-param name="language" select="$language"/>
            <xsl:with-param name="matter" select="$matter"/>
            <xsl:with-param name="sorts" select="$sorts"/>
          </xsl:call-template>
        </xsl:otherwise>
      </xsl:choose>
    </xsl:if>
  </xsl:template>

  <!-- Likewise for one word and, for phrases, those after it. A beginning has four letters at least, an ending three. -->
  <xsl:template name="sp:term-here">
    <xsl:param name="word"/>
    <xsl:param name="rest"/>
    <xsl:param name="language"/>
    <xsl:param name="matter"/>
    <xsl:param name="sorts"/>
    <xsl:variable name="terms">
      <xsl:call-template name="sp:terms">
        <xsl:with-param name="language" select="$language"/>
        <xsl:with-param name="matter" select="$matter"/>
        <xsl:with-param name="key" select="substring($word, 1, 2)"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:if test="contains($sorts, 'phrases') and contains($rest, ' ') and contains(string($terms), concat('|', $word, ' '))">
      <xsl:call-template name="sp:phrase-here">
        <xsl:with-param name="text" select="concat($word, ' ', substring-before($rest, ' '))"/>
        <xsl:with-param name="rest" select="substring-after($rest, ' ')"/>
        <xsl:with-param name="phrases" select="string($terms)"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:if test="contains($sorts, 'words')">
      <xsl:variable name="endings">
        <xsl:call-template name="sp:terms">
          <xsl:with-param name="language" select="$language"/>
          <xsl:with-param name="matter" select="$matter"/>
          <xsl:with-param name="key" select="concat('-', substring($word, string-length($word) - 2))"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:choose>
        <xsl:when test="contains(string($terms), concat('|', $word, '|'))">x</xsl:when>
        <xsl:when test="contains(string($terms), concat('|', substring($word, 1, 4)))">
          <xsl:call-template name="sp:beginning-in">
            <xsl:with-param name="text" select="$word"/>
            <xsl:with-param name="beginnings" select="string($terms)"/>
          </xsl:call-template>
        </xsl:when>
      </xsl:choose>
      <xsl:if test="string($endings) != ''">
        <xsl:call-template name="sp:ending-in">
          <xsl:with-param name="text" select="$word"/>
          <xsl:with-param name="endings" select="string($endings)"/>
        </xsl:call-template>
      </xsl:if>
    </xsl:if>
  </xsl:template>

  <!-- The terms with a key, each between bars: words, phrases and beginnings (`epilep-`) by their first two letters, endings by a
       hyphen and their last three; of a matter, or of all if none is given. -->
  <xsl:template name="sp:terms">
    <xsl:param name="language"/>
    <xsl:param name="matter"/>
    <xsl:param name="key"/>
    <xsl:variable name="terms">
      <xsl:call-template name="sp:keyed">
        <xsl:with-param name="language" select="$language"/>
        <xsl:with-param name="key" select="$key"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:choose>
      <xsl:when test="$matter = ''"><xsl:value-of select="string($terms)"/></xsl:when>
      <xsl:otherwise>
        <xsl:value-of select="substring-before(concat(substring-after(string($terms), concat('#', $matter)), '#'), '#')"/>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template name="sp:ending-in">
    <xsl:param name="text"/>
    <xsl:param name="endings"/>
    <xsl:choose>
      <xsl:when test="string-length($text) &lt; 3"/>
      <xsl:when test="contains($endings, concat('|', $text, '|'))">x</xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="sp:ending-in">
          <xsl:with-param name="text" select="substring($text, 2)"/>
          <xsl:with-param name="endings" select="$endings"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template name="sp:beginning-in">
    <xsl:param name="text"/>
    <xsl:param name="beginnings"/>
    <xsl:choose>
      <xsl:when test="string-length($text) &lt; 4"/>
      <xsl:when test="contains($beginnings, concat('|', $text, '-|'))">x</xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="sp:beginning-in">
          <xsl:with-param name="text" select="substring($text, 1, string-length($text) - 1)"/>
          <xsl:with-param name="beginnings" select="$beginnings"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The longest phrase that begins with `text` and goes on with some of the words in `rest`; nothing if none does. -->
  <xsl:template name="sp:phrase-here">
    <xsl:param name="text"/>
    <xsl:param name="rest"/>
    <xsl:param name="phrases"/>
    <xsl:variable name="longer">
      <xsl:if test="contains($phrases, concat('|', $text, ' ')) and contains($rest, ' ')">
        <xsl:call-template name="sp:phrase-here">
          <xsl:with-param name="text" select="concat($text, ' ', substring-before($rest, ' '))"/>
          <xsl:with-param name="rest" select="substring-after($rest, ' ')"/>
          <xsl:with-param name="phrases" select="$phrases"/>
        </xsl:call-template>
      </xsl:if>
    </xsl:variable>
    <xsl:choose>
      <xsl:when test="string($longer) != ''"><xsl:value-of select="string($longer)"/></xsl:when>
      <xsl:when test="contains($phrases, concat('|', $text, '|'))"><xsl:value-of select="$text"/></xsl:when>
    </xsl:choose>
  </xsl:template>

  <!-- The words in `rest` (each with a space after it), a line for each allowed phrase: from left to right, the longest first. -->
  <xsl:template name="sp:without-phrases">
    <xsl:param name="rest"/>
    <xsl:variable name="word" select="substring-before($rest, ' ')"/>
    <xsl:if test="$word != ''">
      <xsl:variable name="phrases">
        <xsl:call-template name="sp:excusing"><xsl:with-param name="key" select="substring($word, 1, 2)"/></xsl:call-template>
      </xsl:variable>
      <xsl:variable name="phrase">
        <xsl:if test="contains(string($phrases), concat('|', $word, ' '))">
          <xsl:call-template name="sp:phrase-here">
            <xsl:with-param name="text" select="$word"/>
            <xsl:with-param name="rest" select="substring-after($rest, ' ')"/>
            <xsl:with-param name="phrases" select="string($phrases)"/>
          </xsl:call-template>
        </xsl:if>
      </xsl:variable>
      <xsl:choose>
        <xsl:when test="string($phrase) != ''">
          <xsl:value-of select="'_ '"/>
          <xsl:call-template name="sp:without-phrases">
            <xsl:with-param name="rest" select="substring($rest, string-length(string($phrase)) + 2)"/>
          </xsl:call-template>
        </xsl:when>
        <xsl:otherwise>
          <xsl:value-of select="concat($word, ' ')"/>
          <xsl:call-template name="sp:without-phrases">
            <xsl:with-param name="rest" select="substring-after($rest, ' ')"/>
          </xsl:call-template>
        </xsl:otherwise>
      </xsl:choose>
    </xsl:if>
  </xsl:template>

  <!-- A text in which each pattern (a bar after each), one pattern after the other, is a line instead; spaces at its ends stay. -->
  <xsl:template name="sp:without">
    <xsl:param name="text"/>
    <xsl:param name="patterns"/>
    <xsl:variable name="pattern" select="substring-before($patterns, '|')"/>
    <xsl:choose>
      <xsl:when test="$pattern = ''"><xsl:value-of select="$text"/></xsl:when>
      <xsl:otherwise>
        <xsl:variable name="replaced">
          <xsl:choose>
            <xsl:when test="contains($text, $pattern)">
              <xsl:call-template name="sp:replaced">
                <xsl:with-param name="text" select="$text"/>
                <xsl:with-param name="pattern" select="$pattern"/>
                <xsl:with-param name="line" select="concat(substring(' ', 1, number(starts-with($pattern, ' '))), '_',
                  substring(' ', 1, number(substring($pattern, string-length($pattern)) = ' ')))"/>
              </xsl:call-template>
            </xsl:when>
            <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
          </xsl:choose>
        </xsl:variable>
        <xsl:call-template name="sp:without">
          <xsl:with-param name="text" select="string($replaced)"/>
          <xsl:with-param name="patterns" select="substring-after($patterns, '|')"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template name="sp:replaced">
    <xsl:param name="text"/>
    <xsl:param name="pattern"/>
    <xsl:param name="line"/>
    <xsl:choose>
      <xsl:when test="contains($text, $pattern)">
        <xsl:value-of select="concat(substring-before($text, $pattern), $line)"/>
        <xsl:call-template name="sp:replaced">
          <xsl:with-param name="text" select="substring-after($text, $pattern)"/>
          <xsl:with-param name="pattern" select="$pattern"/>
          <xsl:with-param name="line" select="$line"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Small letters without accents, digits and what is kept; all else a space, one between words and one at each end. -->
  <xsl:template name="sp:folded">
    <xsl:param name="text"/>
    <xsl:param name="kept"/>
    <xsl:variable name="from">
      <xsl:call-template name="sp:screened"><xsl:with-param name="what" select="'from'"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="to">
      <xsl:call-template name="sp:screened"><xsl:with-param name="what" select="'to'"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="folded">
      <xsl:call-template name="sp:spaced">
        <xsl:with-param name="text" select="translate($text, string($from), string($to))"/>
        <xsl:with-param name="kept" select="concat('abcdefghijklmnopqrstuvwxyz0123456789 ', $kept)"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:value-of select="concat(' ', normalize-space(string($folded)), ' ')"/>
  </xsl:template>

  <!-- A space for each character that is not kept; up to ten sorts of them at a time. -->
  <xsl:template name="sp:spaced">
    <xsl:param name="text"/>
    <xsl:param name="kept"/>
    <xsl:variable name="others" select="translate($text, $kept, '')"/>
    <xsl:choose>
      <xsl:when test="$others = ''"><xsl:value-of select="$text"/></xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="sp:spaced">
          <xsl:with-param name="text" select="translate($text, substring($others, 1, 10), '          ')"/>
          <xsl:with-param name="kept" select="$kept"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Whether a text holds what looks like a code of ICD-10, ICD-11, ATC or SNOMED CT. -->
  <xsl:template name="sp:health-code" sp:returns="boolean">
    <xsl:param name="text"/>
    <xsl:choose>
      <xsl:when test="translate($text, '0123456789', '') = $text">false</xsl:when>
      <xsl:otherwise>
        <xsl:variable name="folded">
          <xsl:call-template name="sp:folded">
            <xsl:with-param name="text" select="$text"/>
            <xsl:with-param name="kept" select="'.'"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:variable name="bare">
          <xsl:call-template name="sp:bare">
            <xsl:with-param name="rest" select="substring(string($folded), 2)"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:variable name="tokens">
          <xsl:call-template name="sp:joined">
            <xsl:with-param name="before" select="''"/>
            <xsl:with-param name="rest" select="string($bare)"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:variable name="beside">
          <xsl:call-template name="sp:screened"><xsl:with-param name="what" select="'beside'"/></xsl:call-template>
        </xsl:variable>
        <xsl:variable name="names">
          <xsl:call-template name="sp:screened"><xsl:with-param name="what" select="'names'"/></xsl:call-template>
        </xsl:variable>
        <xsl:variable name="found">
          <xsl:call-template name="sp:code-in">
            <xsl:with-param name="before" select="''"/>
            <xsl:with-param name="rest" select="string($tokens)"/>
            <xsl:with-param name="beside" select="string($beside)"/>
            <xsl:with-param name="names" select="string($names)"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:value-of select="string($found) != ''"/>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The tokens without full stops at their ends, a space after each. -->
  <xsl:template name="sp:bare">
    <xsl:param name="rest"/>
    <xsl:variable name="token" select="substring-before($rest, ' ')"/>
    <xsl:if test="$token != ''">
      <xsl:variable name="bare">
        <xsl:call-template name="sp:stripped"><xsl:with-param name="token" select="$token"/></xsl:call-template>
      </xsl:variable>
      <xsl:if test="string($bare) != ''"><xsl:value-of select="concat(string($bare), ' ')"/></xsl:if>
      <xsl:call-template name="sp:bare"><xsl:with-param name="rest" select="substring-after($rest, ' ')"/></xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- The tokens, a letter and the number after it as one, a space after each. -->
  <xsl:template name="sp:joined">
    <xsl:param name="before"/>
    <xsl:param name="rest"/>
    <xsl:variable name="token" select="substring-before($rest, ' ')"/>
    <xsl:if test="$token != ''">
      <xsl:variable name="others" select="substring-after($rest, ' ')"/>
      <xsl:variable name="number" select="substring-before($others, ' ')"/>
      <xsl:variable name="joins" select="string-length($token) = 1 and contains('bcefghijkmqrstvwz', $token)
        and not(number(substring($before, 1, 1)) &gt;= 0)
        and contains('|99.9|99.99|99.999|99.9999|', concat('|', translate($number, '0123456789', '9999999999'), '|'))"/>
      <xsl:variable name="whole" select="concat($token, substring($number, 1, string-length($number) * number($joins)))"/>
      <xsl:value-of select="concat($whole, ' ')"/>
      <xsl:call-template name="sp:joined">
        <xsl:with-param name="before" select="$whole"/>
        <xsl:with-param name="rest" select="substring($others, 1 + (string-length($number) + 1) * number($joins))"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template name="sp:stripped">
    <xsl:param name="token"/>
    <xsl:choose>
      <xsl:when test="translate($token, '.', '') = ''"/>
      <xsl:when test="starts-with($token, '.')">
        <xsl:call-template name="sp:stripped"><xsl:with-param name="token" select="substring($token, 2)"/></xsl:call-template>
      </xsl:when>
      <xsl:when test="substring($token, string-length($token)) = '.'">
        <xsl:call-template name="sp:stripped">
          <xsl:with-param name="token" select="substring($token, 1, string-length($token) - 1)"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$token"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template name="sp:code-in">
    <xsl:param name="before"/>
    <xsl:param name="rest"/>
    <xsl:param name="beside"/>
    <xsl:param name="names"/>
    <xsl:variable name="token" select="substring-before($rest, ' ')"/>
    <xsl:if test="$token != ''">
      <xsl:variable name="after" select="substring-before(substring-after($rest, ' '), ' ')"/>
      <xsl:variable name="code">
        <xsl:if test="translate($token, '0123456789', '') != $token">
          <xsl:call-template name="sp:is-code"><xsl:with-param name="token" select="$token"/></xsl:call-template>
        </xsl:if>
      </xsl:variable>
      <xsl:choose>
        <xsl:when test="string($code) = 'true' and not(contains($names, concat('|', $token, '|')))
            and not($before != '' and contains($beside, concat('|', $before, '|')))
            and not($after != '' and contains($beside, concat('|', $after, '|')))">x</xsl:when>
        <xsl:otherwise>
          <xsl:call-template name="sp:code-in">
            <xsl:with-param name="before" select="$token"/>
            <xsl:with-param name="rest" select="substring-after($rest, ' ')"/>
            <xsl:with-param name="beside" select="$beside"/>
            <xsl:with-param name="names" select="$names"/>
          </xsl:call-template>
        </xsl:otherwise>
      </xsl:choose>
    </xsl:if>
  </xsl:template>

  <xsl:template name="sp:is-code">
    <xsl:param name="token"/>
    <xsl:variable name="shape" select="translate($token, '0123456789bcdefghijklmnopqrstuvwxyz', '9999999999aaaaaaaaaaaaaaaaaaaaaaaaa')"/>
    <xsl:variable name="length" select="string-length($token)"/>
    <xsl:variable name="stem" select="substring-before(concat($shape, '.'), '.')"/>
    <xsl:variable name="tail" select="substring-after($shape, '.')"/>
    <xsl:variable name="one-or-two" select="$tail = '9' or $tail = 'a' or $tail = '99' or $tail = 'aa' or $tail = '9a' or $tail = 'a9'"/>
    <xsl:variable name="no-i-o" select="translate($token, 'io', '') = $token"/>
    <xsl:choose>
      <xsl:when test="$shape = 'a99aa99'">true</xsl:when>
      <xsl:when test="$stem = 'a99' and not(starts-with($token, 'u')) and ($shape = 'a99' or $tail = '9' or $tail = '99' or $tail = '999'
          or $tail = '9999')">true</xsl:when>
      <xsl:when test="($stem = '9a99' or $stem = '9a9a') and $no-i-o and not(starts-with($token, '0'))
          and contains('abcdefg', substring($token, 2, 1)) and ($shape = $stem or $one-or-two)">true</xsl:when>
      <xsl:when test="($stem = 'aa99' or $stem = 'aa9a') and $no-i-o and $one-or-two">true</xsl:when>
      <xsl:when test="translate($token, '0123456789', '') = '' and $length &gt;= 6 and $length &lt;= 18
          and not(starts-with($token, '0')) and contains('01', substring($token, $length - 2, 1))
          and contains('012', substring($token, $length - 1, 1))">
        <xsl:variable name="left">
          <xsl:call-template name="sp:verhoeff">
            <xsl:with-param name="digits" select="$token"/>
            <xsl:with-param name="place" select="0"/>
            <xsl:with-param name="sum" select="0"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:value-of select="string($left) = '0'"/>
      </xsl:when>
      <xsl:otherwise>false</xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The check sum by Verhoeff, from the last digit to the first; 0 for a number that holds. -->
  <xsl:template name="sp:verhoeff">
    <xsl:param name="digits"/>
    <xsl:param name="place"/>
    <xsl:param name="sum"/>
    <xsl:choose>
      <xsl:when test="$digits = ''"><xsl:value-of select="format-number($sum, '0')"/></xsl:when>
      <xsl:otherwise>
        <xsl:variable name="digit" select="number(substring($digits, string-length($digits)))"/>
        <xsl:variable name="moved" select="number(substring(
          '01234567891576283094580379614289160435279453126870428657390127938064157046913258', $place mod 8 * 10 + $digit + 1, 1))"/>
        <xsl:call-template name="sp:verhoeff">
          <xsl:with-param name="digits" select="substring($digits, 1, string-length($digits) - 1)"/>
          <xsl:with-param name="place" select="$place + 1"/>
          <xsl:with-param name="sum" select="number(substring(concat('01234567891234067895234017895634012895674012395678',
            '59876043216598710432765982104387659321049876543210'), $sum * 10 + $moved + 1, 1))"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

</xsl:stylesheet>
